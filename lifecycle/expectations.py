"""Expectations about shape and drift, against a kept baseline, with Great Expectations.

`validate-raw` looks at raw extracts before they are loaded, `validate-marts` at the marts after a
build. What must hold in any data (keys, references, accepted values, books that balance) is tested
by dbt; here is only what is right or wrong compared with how the data used to be: how many rows,
how many empty values, how large the amounts, how the shares of a category spread.

A critical finding means that the data would be wrong to use (half of the rows gone, amounts in
cents, statuses renamed): exit code 1. A warning means that somebody should look.
"""

import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from html import escape
from pathlib import Path
from typing import ClassVar

import click
import duckdb
import duckdb_engine
import great_expectations as gx
import great_expectations.expectations as gxe
from sqlalchemy.dialects import registry

from lifecycle import contract, raw_files
from lifecycle.publish import db_option, open_warehouse

FEWEST_ROWS = 100  # below that, means and shares are noise
QUANTILES = [0.5, 0.95]
NEWEST_QUANTILE = 0.999  # one order of the year 2099 makes no extract fresh
LAG_DAYS = 7
# Columns of the raw contract that hold one of a few values.
RAW_CATEGORIES = {"channel", "currency", "event_type", "status"}


@dataclass(frozen=True)
class Subject:
    """A table to look at, and what to look at in it."""

    name: str
    relation: str
    amounts: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    time: str | None = None

    @property
    def sql(self) -> str:
        """The table as Great Expectations reads it: of each column the type that is looked at."""
        types = {
            **dict.fromkeys((*self.optional, *self.categories, *self.keys), "varchar"),
            **dict.fromkeys(self.amounts, "double"),
            **({self.time: "timestamp"} if self.time else {}),
        }
        columns = [f"try_cast({name} as {kind}) as {name}" for name, kind in types.items()]
        return f"select {', '.join(columns) or '1 as one'} from ({self.relation}) as it"


MARTS = [
    Subject(
        "marts.customer_profiles",
        "select * from marts.customer_profiles",
        amounts=("order_count", "net_revenue"),
        categories=("segment", "stage", "recency_score", "frequency_score", "monetary_score"),
        optional=("segment", "country", "acquisition_channel"),
    ),
    Subject(
        "marts.orders",
        "select * from marts.orders where is_purchase",
        amounts=("net_revenue", "gross_margin"),
        categories=("channel",),
        optional=("profile_id",),
    ),
]


# -- commands ------------------------------------------------------------------------------------

COMMON_OPTIONS = [
    click.option(
        "--state",
        envvar="LIFECYCLE_STATE",
        default="warehouse/state.duckdb",
        show_default=True,
        help="Baselines are kept beside this file, in a folder of its name [env LIFECYCLE_STATE].",
    ),
    click.option("--accept", is_flag=True, help="Take the data as it is for the new baseline."),
    click.option("--docs", default="gx", show_default=True, help="Directory of the pages to open."),
]


def with_common_options(command):
    for option in reversed(COMMON_OPTIONS):
        command = option(command)
    return command


@click.command("validate-raw")
@click.option(
    "--raw",
    "directory",
    envvar="LIFECYCLE_RAW",
    default="raw",
    show_default=True,
    help="Raw directory [env LIFECYCLE_RAW].",
)
@with_common_options
def validate_raw(directory: str, **options):
    """Check the shape of raw extracts before they are loaded."""
    found = raw_files.inspect(directory)
    if found["problems"]:
        raise click.ClickException(
            "The raw data cannot be read:\n  " + "\n  ".join(found["problems"])
        )
    subjects = [_raw_subject(name, entry) for name, entry in found["tables"].items()]
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        measures = {subject.name: _measure(connection, subject) for subject in subjects}
    _validate("raw", found["directory"], subjects, measures, options, ":memory:")


@click.command("validate-marts")
@db_option
@with_common_options
def validate_marts(db: str, **options):
    """Compare the marts with the kept baseline."""
    with open_warehouse(db) as connection:
        subjects = list(_mart_subjects(connection, db))
        measures = {subject.name: _measure(connection, subject) for subject in subjects}
    _validate("marts", db, subjects, measures, options, str(Path(db).absolute()))


def _raw_subject(name: str, entry: dict) -> Subject:
    table = contract.tables()[name]
    times = [column.name for column in table.columns if column.data_type in ("date", "timestamp")]
    texts = {column.name for column in table.columns if column.data_type == "string"}
    numbers = ("decimal", "integer", "bigint")
    return Subject(
        name,
        entry["relation_sql"],
        amounts=tuple(
            column.name for column in table.columns if column.data_type.startswith(numbers)
        ),
        categories=tuple(column.name for column in table.columns if column.name in RAW_CATEGORIES),
        optional=tuple(column.name for column in table.columns if not column.is_required),
        keys=tuple(name for name in table.key if name in texts and len(table.key) == 1),
        time=next((name for name in times if name in table.required), None),
    )


def _mart_subjects(connection: duckdb.DuckDBPyConnection, db: str) -> Iterator[Subject]:
    """The marts to look at, with those of the columns that they have."""
    for subject in MARTS:
        try:
            described = connection.execute(f"describe {subject.relation}").fetchall()
        except duckdb.CatalogException:
            raise click.ClickException(
                f"Warehouse `{db}` has no {subject.name}: run `make build` first."
            ) from None
        held = {column[0] for column in described}
        yield replace(
            subject,
            amounts=tuple(name for name in subject.amounts if name in held),
            categories=tuple(name for name in subject.categories if name in held),
            optional=tuple(name for name in subject.optional if name in held),
        )


# -- measuring -----------------------------------------------------------------------------------


def _measure(connection: duckdb.DuckDBPyConnection, subject: Subject) -> dict:
    """The figures of a table that a later one is compared with: what a baseline holds."""
    empty = [f"avg(({name} is null)::int)" for name in subject.optional]
    lengths = [f"[min(length({name})), max(length({name}))]" for name in subject.keys]
    means = [f"avg({name})" for name in subject.amounts]
    quantiles = [f"quantile_disc({name}, {QUANTILES})" for name in subject.amounts]
    newest = f"cast(quantile_disc({subject.time}, {NEWEST_QUANTILE}) as varchar)"
    lists = [f"[{', '.join(values)}]" for values in (empty, lengths, means, quantiles)]
    try:
        ((rows, *measured),) = connection.execute(
            f"select count(*), {', '.join(lists)}, {newest if subject.time else 'null'}"
            f" from ({subject.sql})"
        ).fetchall()
        shares = {
            name: connection.execute(
                f"select {name}, count(*) / sum(count(*)) over () from ({subject.sql})"
                f" where {name} is not null group by {name} order by {name}"
            ).fetchall()
            for name in subject.categories
        }
    except duckdb.Error as error:
        raise click.ClickException(f"`{subject.name}` cannot be read: {error}") from None
    figures = {
        "empty": dict(zip(subject.optional, measured[0], strict=True)),
        "lengths": dict(zip(subject.keys, measured[1], strict=True)),
        "means": dict(zip(subject.amounts, measured[2], strict=True)),
        "quantiles": dict(zip(subject.amounts, measured[3], strict=True)),
        "shares": {name: dict(values) for name, values in shares.items()},
    }
    # A column without a value has no figures.
    known = {
        kind: {
            name: figure
            for name, figure in values.items()
            if figure not in (None, {}, [None, None])
        }
        for kind, values in figures.items()
    }
    return {"rows": rows, "newest": measured[4], **known}


def _add_lags(measures: dict[str, dict]) -> None:
    """How many days the newest record of each table is behind that of all tables."""
    newest = {
        name: datetime.fromisoformat(measure["newest"])
        for name, measure in measures.items()
        if measure["newest"]
    }
    for name, time in newest.items():
        measures[name]["lag_days"] = (max(newest.values()) - time) / timedelta(days=1)


# -- expecting -----------------------------------------------------------------------------------


class ExpectColumnQuantilesToBeBetween(gxe.ExpectColumnQuantileValuesToBeBetween):
    """The original's answer holds numpy's booleans, which cannot be written as JSON."""

    def _validate(self, *arguments, **options):
        answer = super()._validate(*arguments, **options)
        details = answer["result"]["details"]
        details["success_details"] = [bool(detail) for detail in details["success_details"]]
        return answer | {"success": bool(answer["success"])}


def _expectations(subject: Subject, now: dict, before: dict) -> list[gxe.Expectation]:
    """What holds while the table is like the baseline; each with what to say when it does not."""
    expected = []

    def expect(kind, severity, finding, **arguments):
        expected.append(kind(severity=severity, meta={"finding": finding}, **arguments))

    rows = before["rows"]
    finding = f"it has {now['rows']:,} rows; the baseline has {rows:,}"
    kind = gxe.ExpectTableRowCountToBeBetween
    expect(kind, "critical", finding, min_value=rows // 2)
    expect(kind, "warning", finding, max_value=rows * 3 + FEWEST_ROWS)

    kind = gxe.ExpectColumnValuesToNotBeNull
    for name, empty in _shared(before, now, "empty"):
        finding = (
            f"`{name}` is empty in {now['empty'][name]:.1%} of rows; {empty:.1%} in the baseline"
        )
        if empty < 1:
            expect(kind, "critical", finding, column=name, mostly=(1 - empty) / 2)
        if empty < 0.9:
            expect(kind, "warning", finding, column=name, mostly=0.9 - empty)

    if "lag_days" in before and "lag_days" in now:
        finding = (
            f"its newest record ({now['newest']}) is {now['lag_days']:.0f} days behind the other "
            f"tables; {before['lag_days']:.0f} in the baseline"
        )
        slack = timedelta(days=now["lag_days"] - before["lag_days"] - LAG_DAYS)
        expect(
            gxe.ExpectColumnMaxToBeBetween,
            "warning",
            finding,
            column=subject.time,
            min_value=datetime.fromisoformat(now["newest"]) + slack,
        )

    if min(rows, now["rows"]) < FEWEST_ROWS:
        return expected

    kind = gxe.ExpectColumnValueLengthsToBeBetween
    for name, (shortest, longest) in _shared(before, now, "lengths"):
        finding = (
            f"`{name}` has {' to '.join(map(str, now['lengths'][name]))} characters; {shortest} to "
            f"{longest} in the baseline"
        )
        bounds = {"min_value": shortest, "max_value": longest + 1}
        expect(kind, "warning", finding, column=name, mostly=0.99, **bounds)

    for name, mean in _shared(before, now, "means"):
        finding = f"the mean of `{name}` is {now['means'][name]:,.2f}; {mean:,.2f} in the baseline"
        bounds = {"min_value": mean - abs(mean) / 4, "max_value": mean + abs(mean) / 4}
        expect(gxe.ExpectColumnMeanToBeBetween, "warning", finding, column=name, **bounds)

    for name, values in _shared(before, now, "quantiles"):
        today, past = (
            " and ".join(f"{value:,.2f}" for value in figures)
            for figures in (now["quantiles"][name], values)
        )
        finding = f"`{name}` has median and 95 % quantile {today}; {past} in the baseline"
        ranges = [sorted([value / 3, value * 3]) if value else [None, None] for value in values]
        expect(
            ExpectColumnQuantilesToBeBetween,
            "critical",
            finding,
            column=name,
            quantile_ranges={"quantiles": list(QUANTILES), "value_ranges": ranges},
        )

    kind = gxe.ExpectColumnKLDivergenceToBeLessThan
    for name, shares in _shared(before, now, "shares"):
        finding = f"`{name}` is spread otherwise: {_moved(now['shares'][name], shares)}"
        partition = {"values": list(shares), "weights": list(shares.values())}
        for severity, threshold in [("critical", 0.5), ("warning", 0.1)]:
            expect(
                kind,
                severity,
                finding,
                column=name,
                partition_object=partition,
                threshold=threshold,
                tail_weight_holdout=0.01,  # for values that the baseline does not have
            )
    return expected


def _shared(before: dict, now: dict, kind: str) -> Iterator[tuple]:
    """Figures of the baseline that the table has today as well."""
    return ((name, figure) for name, figure in before[kind].items() if name in now[kind])


def _moved(now: dict[str, float], before: dict[str, float]) -> str:
    """The three values whose shares changed most."""
    moves = {name: now.get(name, 0) - before.get(name, 0) for name in {*now, *before}}
    most = sorted(moves, key=lambda name: (-abs(moves[name]), name))[:3]
    return ", ".join(
        f"{name} {now.get(name, 0):.1%} ({before.get(name, 0):.1%} in the baseline)"
        for name in most
    )


# -- validating ----------------------------------------------------------------------------------


def _validate(
    kind: str, place: str, subjects: list[Subject], measures: dict, options: dict, database: str
) -> None:
    """Compare with the baseline, write the pages, print the findings; exit 1 if one is critical."""
    _add_lags(measures)
    path = Path(options["state"]).with_suffix("") / f"{kind}_baseline.json"
    baseline = None if options["accept"] else _read_baseline(path)
    if baseline is None:
        baseline = {"place": place, "tables": measures}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(baseline, indent=2, sort_keys=True) + "\n")
        click.echo(
            f"Baseline of {len(measures)} tables written to {path}: later runs compare with it."
        )

    findings = [
        ("critical", name, f"it is absent; the baseline has {before['rows']:,} rows")
        for name, before in baseline["tables"].items()
        if name not in measures
    ]
    findings += [
        ("new", name, "the baseline does not know it (--accept adds it)")
        for name in measures
        if name not in baseline["tables"]
    ]
    known = [subject for subject in subjects if subject.name in baseline["tables"]]
    suites = {
        subject.name: _expectations(
            subject, measures[subject.name], baseline["tables"][subject.name]
        )
        for subject in known
    }
    root = Path(options["docs"]) / kind
    findings += _run(root, known, suites, database)
    # What is critical is not worth a warning as well.
    worst = {finding[1:] for finding in findings if finding[0] == "critical"}
    findings = sorted(
        {finding for finding in findings if finding[0] == "critical" or finding[1:] not in worst}
    )
    page = _write_index(root, f"{kind} of {place}, compared with {path}", suites, findings)

    for severity, name, text in findings:
        click.echo(f"{severity}: {name}: {text}.")
    count = sum(len(suite) for suite in suites.values())
    click.echo(f"{count} expectations of {len(suites)} tables, {len(findings)} findings: {page}")
    if worst:
        raise click.ClickException(
            f"Critical findings: {len(worst)}. Mend the data, or take it for the new baseline with "
            f"--accept (the present one is of {baseline['place']})."
        )


def _read_baseline(path: Path) -> dict | None:
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except ValueError:
        raise click.ClickException(
            f"Baseline `{path}` is no JSON: renew it with --accept."
        ) from None


def _run(
    root: Path, subjects: list[Subject], suites: dict[str, list], database: str
) -> list[tuple[str, str, str]]:
    """Let Great Expectations look at the tables; it leaves its context and pages in `root`."""
    if (root / "great_expectations.yml").is_file():
        shutil.rmtree(root)  # of the run before; baselines are kept elsewhere
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    context = gx.get_context(mode="file", context_root_dir=str(root.absolute()))
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_sql(
        "duckdb",
        connection_string=f"{DIALECT}:///{database}",
        kwargs={"connect_args": {"read_only": database != ":memory:"}},
    )
    validations = []
    for subject in subjects:
        asset = source.add_query_asset(subject.name, query=subject.sql)
        suite = context.suites.add(
            gx.ExpectationSuite(subject.name, expectations=suites[subject.name])
        )
        validation = gx.ValidationDefinition(
            name=subject.name, data=asset.add_batch_definition_whole_table("all"), suite=suite
        )
        validations.append(context.validation_definitions.add(validation))
    checkpoint = context.checkpoints.add(
        gx.Checkpoint(
            name="all",
            validation_definitions=validations,
            # Counts, and no values: those may be personal data.
            result_format={"result_format": "SUMMARY", "partial_unexpected_count": 0},
        )
    )
    answers = checkpoint.run().run_results.values()
    context.build_data_docs()
    Connection.close_all()
    return [finding for answer in answers for finding in _findings(answer)]


def _findings(answer) -> Iterator[tuple[str, str, str]]:
    for result in answer.results:
        if not result.success:
            config = result.expectation_config
            raised = result.exception_info.get("exception_message")
            text = (
                f"{config.type} could not be checked ({raised})"
                if raised
                else config.meta["finding"]
            )
            yield config.severity.value, answer.suite_name, text


# -- DuckDB for Great Expectations ---------------------------------------------------------------

DIALECT = "duckdb_for_gx"


class Connection(duckdb_engine.ConnectionWrapper):
    """Each query has a cursor of its own: results of a shared one are gone before they are read."""

    opened: ClassVar[list] = []

    def cursor(self):
        cursor = self._ConnectionWrapper__c.cursor()
        self.opened.append(cursor)
        return duckdb_engine.CursorWrapper(cursor, self)

    def commit(self):
        pass

    def rollback(self):
        pass

    @classmethod
    def close_all(cls):
        """Let go of the database file, which Great Expectations would hold until the end."""
        while cls.opened:
            cls.opened.pop().close()


class Dialect(duckdb_engine.Dialect):
    """Goes by the name of PostgreSQL, whose SQL for quantiles and the like DuckDB understands."""

    name = "postgresql"
    supports_statement_cache = True

    def connect(self, *arguments, **options):
        connection = super().connect(*arguments, **options)
        connection.__class__ = Connection
        Connection.opened.append(connection)
        connection.cursor().execute("set timezone = 'UTC'")
        return connection

    def do_begin(self, dbapi_connection):
        pass


registry.register(DIALECT, __name__, "Dialect")


# -- pages ---------------------------------------------------------------------------------------

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: .5rem 0 }
td, th { padding: .3rem .7rem; border-bottom: 1px solid #ccc }
td, th { text-align: left; vertical-align: top }
.critical, .text-danger { color: #b00020 }
.warning, .text-warning { color: #9a6700 }
.text-success { color: #1a7f37 }
.badge { background: #eee; padding: 0 .3rem }
.fa-check-circle::before { content: "met" }
.fa-times::before { content: "not met" }
.fa-exclamation-triangle::before { content: "error" }
.btn-group, .card { display: none }
"""


def _write_index(root: Path, title: str, suites: dict[str, list], findings: list[tuple]) -> Path:
    """The page to open; and the pages of Great Expectations, made to need no network."""
    site = root / "uncommitted" / "data_docs" / "local_site"
    for page in site.rglob("*.html"):
        page.write_text(_offline(page.read_text()))
    rows = "".join(
        f'<tr><td class="{severity}">{severity}</td><td>{name}</td><td>{escape(text)}</td></tr>'
        for severity, name, text in findings
    )
    links = ""
    for name, suite in sorted(suites.items()):
        (page,) = site.glob(f"validations/**/*-{name}.html")
        found = sum(finding[1] == name for finding in findings)
        links += (
            f'<tr><td><a href="{page.relative_to(site)}">{name}</a></td>'
            f"<td>{len(suite)} expectations</td><td>{found} findings</td></tr>"
        )
    index = site / "index.html"
    index.write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style><h1>{escape(title)}</h1>"
        f"<h2>Findings</h2><table>{rows or '<tr><td>None: all is as it was.</td></tr>'}</table>"
        f"<h2>Tables</h2><table>{links}</table></html>\n"
    )
    return index


def _offline(page: str) -> str:
    """A page without the scripts, styles, pictures and footers that would call elsewhere."""
    foreign = r"<(script|footer)\b.*?</\1>|<(link|img)\b[^>]*>|background: url\([^)]*\)[^;]*;"
    page = re.sub(foreign, "", page, flags=re.DOTALL)
    return page.replace("</head>", f"<style>{STYLE}</style></head>")
