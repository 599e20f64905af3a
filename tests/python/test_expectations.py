"""Drift against the kept baseline: equal data pass, drifted data are told by table and column."""

import json
import re
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from lifecycle import contract, expectations, raw_files

ORDER = {
    "order_id": "'o' || (10000 + range)",
    "ordered_at": "timestamp '2024-01-01' + to_hours(range::int)",
    "total_amount": "(10 + range % 90)::decimal(18, 2)",
    "status": "case when range % 10 < 7 then 'paid' else 'sent' end",
    "email": "case when range % 4 > 0 then 'ada' || range || '@example.org' end",
}
EVENT = {
    "event_id": "'e' || range",
    "event_type": "'page_view'",
    "occurred_at": "timestamp '2024-01-01' + to_hours(range::int)",
}


@pytest.fixture(autouse=True)
def directory(tmp_path, monkeypatch):
    for name in ["LIFECYCLE_RAW", "LIFECYCLE_DB"]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LIFECYCLE_STATE", "warehouse/state.duckdb")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def extract(rows=400, event_rows=400, **changes):
    """Write a raw directory of orders and web events."""
    for name, columns, count in [
        ("shop/orders.csv", ORDER | changes, rows),
        ("web/events.parquet", EVENT, event_rows),
    ]:
        path = Path("raw", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        values = ", ".join(f"{sql} as {column}" for column, sql in columns.items())
        duckdb.sql(f"copy (select {values} from range({count})) to '{path}'")


def validate(*arguments, command=expectations.validate_raw):
    result = CliRunner().invoke(command, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_the_first_run_keeps_a_baseline_and_equal_data_pass():
    extract()
    result = validate()
    assert result.exit_code == 0, result.output
    assert "Baseline of 2 tables written to warehouse/state/raw_baseline.json" in result.output
    baseline = json.loads(Path("warehouse/state/raw_baseline.json").read_text())
    orders = baseline["tables"]["shop.orders"]
    assert orders["rows"] == 400
    assert orders["shares"]["status"] == {"paid": 0.7, "sent": 0.3}
    assert orders["empty"]["email"] == 0.25

    result = validate()
    assert result.exit_code == 0, result.output
    assert "Baseline" not in result.output
    assert " 0 findings: gx/raw/uncommitted/data_docs/local_site/index.html" in result.output
    assert json.loads(Path("warehouse/state/raw_baseline.json").read_text()) == baseline


def test_a_drifted_extract_fails_is_told_and_can_be_accepted():
    extract()
    validate()
    extract(
        rows=190,
        event_rows=5000,
        total_amount="(10 + range % 90)::decimal(18, 2) * 100",
        status="case when range % 10 < 7 then 'PAID' else 'sent' end",
        email="null::varchar",
        order_id="'order-' || (10000 + range)",
    )
    result = validate()
    assert result.exit_code == 1
    for finding in [
        "critical: shop.orders: it has 190 rows; the baseline has 400.",
        "critical: shop.orders: `email` is empty in 100.0% of rows; 25.0% in the baseline.",
        "critical: shop.orders: `status` is spread otherwise: PAID 7",
        "critical: shop.orders: `total_amount` has median and 95 % quantile 5,",
        "warning: shop.orders: the mean of `total_amount` is 5,",
        "warning: shop.orders: `order_id` has 11 to 11 characters; 6 to 6 in the baseline.",
        "warning: shop.orders: its newest record (2024-01-08 21:00:00) is 200 days behind",
        "warning: web.events: it has 5,000 rows; the baseline has 400.",
        "Critical findings: 4. Mend the data, or take it for the new baseline with --accept",
    ]:
        assert finding in result.output
    # What is critical is not told a second time as a warning.
    assert result.output.count("`email` is empty") == 1

    result = validate("--accept")
    assert result.exit_code == 0, result.output
    assert "Baseline of 2 tables written" in result.output
    assert validate().exit_code == 0


def test_a_small_drift_only_warns():
    extract()
    validate()
    extract(email="case when range % 5 > 1 then 'ada@example.org' end")
    result = validate()
    assert result.exit_code == 0
    assert "warning: shop.orders: `email` is empty in 40.0% of rows; 25.0% in" in result.output


def test_a_table_that_is_gone_is_critical_and_a_new_one_is_told():
    extract()
    validate()
    Path("raw/web/events.parquet").unlink()
    Path("raw/shop/customers.csv").write_text("customer_id\n1\n")
    result = validate()
    assert result.exit_code == 1
    assert "critical: web.events: it is absent; the baseline has 400 rows." in result.output
    assert "new: shop.customers: the baseline does not know it (--accept adds it)" in result.output


def test_few_rows_are_not_compared_by_their_means_and_shares():
    extract(rows=50)
    validate()
    extract(rows=50, total_amount="5000", status="'PAID'")
    assert validate().exit_code == 0


def test_the_pages_need_no_network_and_show_no_values():
    extract()
    validate()
    extract(status="'PAID'", order_id="'order-of-somebody-' || range")
    validate()
    site = Path("gx/raw/uncommitted/data_docs/local_site")
    index = (site / "index.html").read_text()
    assert "`status` is spread otherwise" in index
    links = re.findall(r'href="([^"]+)"', index)
    assert len(links) == 2
    pages = [index, *((site / link).read_text() for link in links)]
    assert any("fa-times" in page for page in pages)
    for page in pages:
        assert not re.search(r"<script|<link|<img|url\(", page)
        assert "order-of-somebody" not in page
        assert "@example.org" not in page


def test_every_table_of_the_contract_can_be_measured():
    for name, table in contract.tables().items():
        path = Path("raw", *name.split(".")).with_suffix(".csv")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(",".join(column.name for column in table.columns) + "\n")
    entries = raw_files.inspect("raw")["tables"]
    assert len(entries) == 16
    with duckdb.connect() as connection:
        for name, entry in entries.items():
            subject = expectations._raw_subject(name, entry)
            assert expectations._measure(connection, subject)["rows"] == 0


def test_files_that_cannot_be_read_are_named():
    result = validate("--raw", "nowhere")
    assert result.exit_code == 1
    assert "nowhere` does not exist" in result.output

    extract()
    Path("warehouse/state").mkdir(parents=True)
    Path("warehouse/state/raw_baseline.json").write_text("{")
    result = validate()
    assert result.exit_code == 1
    assert "Baseline `warehouse/state/raw_baseline.json` is no JSON: renew it" in result.output

    good = "".join(f"{number},2024-01-01,2\n" for number in range(5000))
    Path("raw/shop/orders.csv").write_text(f"order_id,ordered_at,total_amount\n{good}x\n")
    result = validate()
    assert result.exit_code == 1
    assert "`shop.orders` cannot be read" in result.output
    assert "Line: 5002" in result.output


def warehouse(segment, net_revenue):
    Path("warehouse").mkdir(exist_ok=True)
    with duckdb.connect("warehouse/lifecycle.duckdb") as connection:
        connection.execute(f"""
            create schema if not exists marts;
            create or replace table marts.customer_profiles as
                select
                    range::varchar as profile_id,
                    {segment} as segment,
                    'grow' as stage,
                    1 + range % 5 as recency_score
                from range(500);
            create or replace table marts.orders as
                select
                    range::varchar as order_key,
                    range % 9 > 0 as is_purchase,
                    {net_revenue}::decimal(18, 2) as net_revenue
                from range(500);
        """)


def test_marts_that_drift_are_told():
    warehouse("case when range % 2 = 0 then 'loyal' else 'lost' end", "range % 50")
    command = expectations.validate_marts
    result = validate(command=command)
    assert result.exit_code == 0, result.output
    assert "Baseline of 2 tables written to warehouse/state/marts_baseline.json" in result.output
    assert validate(command=command).exit_code == 0

    warehouse("case when range % 6 = 0 then 'loyal' else 'lost' end", "range % 50 * 1.5")
    result = validate(command=command)
    assert result.exit_code == 0, result.output
    assert "warning: marts.customer_profiles: `segment` is spread otherwise: l" in result.output
    assert "loyal 16.8% (50.0% in the baseline)" in result.output
    assert "warning: marts.orders: the mean of `net_revenue` is 36." in result.output
    assert Path("gx/marts/uncommitted/data_docs/local_site/index.html").is_file()

    warehouse("'lost'", "range % 50 * 10")
    result = validate(command=command)
    assert result.exit_code == 1
    assert "critical: marts.customer_profiles: `segment` is spread otherwise" in result.output
    assert "critical: marts.orders: `net_revenue` has median" in result.output


def test_a_warehouse_without_the_marts_is_named():
    Path("warehouse").mkdir()
    duckdb.connect("warehouse/lifecycle.duckdb").close()
    result = validate(command=expectations.validate_marts)
    assert result.exit_code == 1
    assert "has no marts.customer_profiles: run `make build` first" in result.output
