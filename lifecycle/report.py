"""Print what a build made: the customers by lifecycle, their value, and how good the data was."""

import csv
import json
from decimal import Decimal
from itertools import groupby
from pathlib import Path

import click
import duckdb
from rich.console import Console
from rich.table import Table

from lifecycle.contract import PROJECT
from lifecycle.publish import BUILD, db_option, open_warehouse

REASONS_SHOWN = 5


@click.command()
@db_option
@click.option(
    "--publish", "directory", envvar="LIFECYCLE_PUBLISH", help="Directory [env LIFECYCLE_PUBLISH]."
)
def report(db: str, directory: str | None):
    """Print what a build made."""
    # Values come from the data: they are no markup, and numbers in them no highlights.
    console = Console(markup=False, highlight=False)
    with open_warehouse(db) as connection:
        try:
            _print_customers(console, connection)
            _print_value(console, connection)
            _print_quality(console, connection)
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise click.ClickException(
                f"Warehouse `{db}` is not a complete build ({str(error).splitlines()[0]}): {BUILD}."
            ) from None
    _print_places(console, db, directory)


def _print_customers(console: Console, connection: duckdb.DuckDBPyConnection) -> None:
    ((as_of_date,),) = _rows(connection, "select as_of_date from intermediate.int_as_of_date")
    people, left = _rows(
        connection,
        "select count(*), count(*) filter (segment is null) from marts.customer_profiles",
    )[0]
    orders, purchases, revenue = _rows(
        connection,
        "select count(*), count(*) filter (is_purchase), sum(net_revenue) filter (is_purchase)"
        " from marts.orders",
    )[0]
    _headline(console, f"Customers as of {as_of_date}")
    _line(
        console,
        f"{people:,} people, {orders:,} orders, {purchases:,} of them purchases with a net revenue "
        f"of {_amount(revenue)}.",
    )
    others = _rows(
        connection,
        "select not_purchase_reason, count(*) from marts.orders where not is_purchase"
        " group by not_purchase_reason order by count(*) desc, not_purchase_reason",
    )
    if others:
        words = [f"{count:,} {reason}" for reason, count in others[:REASONS_SHOWN]]
        _line(console, f"No purchases: {', '.join(words)}{', ...' * (len(others) > len(words))}.")

    segments = _rows(
        connection,
        "select stage, segment, customers, share from marts.lifecycle_distribution"
        " where is_current",
    )
    order = _segment_order()
    segments.sort(key=lambda row: order.get(row[1], len(order)))
    table = _table("Stage", "Segment", "Customers", "Share")
    for stage, rows in groupby(segments, key=lambda row: row[0]):
        rows = list(rows)
        total, share = sum(row[2] for row in rows), sum(row[3] or 0 for row in rows)
        table.add_row(stage, "", f"{total:,}", _percent(share), style="bold")
        for _, segment, customers, share in rows:
            table.add_row("", segment, f"{customers:,}", _percent(share))
    table.add_section()
    table.add_row("in the base", "", f"{sum(row[2] for row in segments):,}", "", style="bold")
    table.add_row("out of it", "", f"{left:,}", "")
    console.print(table)
    _print_yardstick(console, connection)


def _print_yardstick(console: Console, connection: duckdb.DuckDBPyConnection) -> None:
    """When the cuts were measured, and whether that was on another base than today's."""
    calibrations = _rows(
        connection,
        "select max(calibrated_on), max(buyer_count) from marts.rfm_thresholds"
        " where is_current having count(*) > 0",
    )
    ((scored,),) = _rows(
        connection, "select count(*) from marts.customer_profiles where recency_score is not null"
    )
    for calibrated_on, buyers in calibrations:
        _line(console, f"{scored:,} buyers, scored by the cuts of {calibrated_on}.")
        if not buyers / 2 <= scored <= buyers * 2:
            _line(
                console,
                f"Those were measured on {buyers:,} buyers: build with "
                "--vars 'recalibrate: true' to measure anew.",
                style="yellow",
            )


def _segment_order() -> dict[str, int]:
    """Place of each segment in the lifecycle, from the list that people edit."""
    with (PROJECT / "seeds" / "segments.csv").open(encoding="utf-8", newline="") as stream:
        return {row["segment"]: int(row["segment_order"]) for row in csv.DictReader(stream)}


def _print_value(console: Console, connection: duckdb.DuckDBPyConnection) -> None:
    found = _rows(
        connection,
        "select clv, average_order_value, purchase_frequency, margin_rate, churn_rate, reason"
        " from marts.clv_by_group where is_current and group_type = 'all'",
    )
    clv, order_value, frequency, margin, churn, reason = found[0] if found else (None,) * 6
    _headline(console, "Customer lifetime value")
    if clv is None:
        _line(console, f"Not known: {reason or 'nobody has bought anything'}.")
    else:
        formula = "average order value x frequency x margin rate / churn rate"
        _line(console, f"{_amount(clv)} = {formula}")
    if found:
        table = _table("Average order value", "Frequency", "Margin rate", "Churn rate")
        table.add_row(_amount(order_value), _amount(frequency), _percent(margin), _percent(churn))
        console.print(table)


def _print_quality(console: Console, connection: duckdb.DuckDBPyConnection) -> None:
    _headline(console, "Data quality")
    coverage = _rows(
        connection,
        """
        select
            source_table, is_present, switched_off, absent_columns,
            came_in, kept, repeated, rejected, erased
        from marts.source_coverage
        left join marts.reconciliation on subject = source_table and measure = 'rows'
        order by source_table
        """,
    )
    table = _table("Source table", "Rows in", "Kept", "Repeated", "Rejected", "Erased")
    for name, is_present, _, _, *counts in coverage:
        if is_present:
            table.add_row(name, *(f"{int(count or 0):,}" for count in counts))
    console.print(table)
    for name, is_present, switched_off, absent_columns, *_ in coverage:
        if not is_present:
            _line(console, f"Absent: {name}" + (f" ({switched_off})." if switched_off else "."))
        elif absent_columns:
            _line(console, f"Absent in {name}: {absent_columns}.")

    reasons = _rows(
        connection,
        "select source_table, reason, count(*) from marts.rejected_records"
        " group by source_table, reason order by count(*) desc, source_table, reason",
    )
    for source_table, reason, count in reasons[:REASONS_SHOWN]:
        _line(console, f"Rejected from {source_table}: {count:,} because {reason}.")
    if len(reasons) > REASONS_SHOWN:
        _line(console, f"{len(reasons) - REASONS_SHOWN} more reasons: marts.rejected_records.")

    balances = _rows(
        connection,
        "select subject, measure, difference, is_balanced from marts.reconciliation"
        " order by subject, measure",
    )
    unbalanced = [row for row in balances if not row[3]]
    for subject, measure, difference, _ in unbalanced:
        _line(console, f"NOT BALANCED: {measure} of {subject} by {difference:,}.", style="bold red")
    if not unbalanced:
        _line(console, f"All {len(balances)} balances of rows and money hold.", style="green")


def _print_places(console: Console, db: str, directory: str | None) -> None:
    _headline(console, "Where it is")
    _line(console, f"Warehouse: {db} (schema marts)")
    _line(console, f"Published: {_published(directory)}")
    _headline(console, "What to do next")
    _line(console, "Ask the warehouse, for instance what each segment has bought:")
    _line(console, f'  .venv/bin/python -c "import duckdb; {_query(db)}"')
    _line(console, "Build from your own extracts: make build RAW=<their directory>")
    _line(console, "Read what every table and column means: make docs")


def _query(db: str) -> str:
    sql = (
        "select segment, count(*) as purchases, sum(orders.net_revenue) as net_revenue"
        " from marts.orders join marts.customer_profiles using (profile_id)"
        " where is_purchase group by segment"
    )
    return f"duckdb.connect({db!r}, read_only=True).sql({sql!r}).show()"


def _published(directory: str | None) -> str:
    if not directory:
        return "nowhere (set LIFECYCLE_PUBLISH to a directory)"
    try:
        manifest = json.loads((Path(directory) / "current" / "manifest.json").read_text())
    except (OSError, ValueError):
        return f"nothing in {directory} yet (`python -m lifecycle publish`)"
    return f"{directory}/current (version {manifest['version']}, as of {manifest['as_of_date']})"


# -- words and numbers ---------------------------------------------------------------------------


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple]:
    return connection.execute(sql).fetchall()


def _headline(console: Console, text: str) -> None:
    console.print(f"\n{text}", style="bold cyan")


def _line(console: Console, text: str, style: str | None = None) -> None:
    # Never folded: paths and SQL are there to be copied.
    console.print(text, style=style, soft_wrap=True)


def _table(*headers: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for header in headers:
        is_name = header in ("Stage", "Segment", "Source table")
        table.add_column(header, justify="left" if is_name else "right", overflow="fold")
    return table


def _amount(amount: Decimal | float | None) -> str:
    return "-" if amount is None else f"{amount:,.2f}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
