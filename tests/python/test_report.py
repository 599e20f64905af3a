"""The report on a small warehouse: what it says, in which order, and what it does without data."""

import json
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from lifecycle import report as module

SEGMENTS = list(module._segment_order())


@pytest.fixture
def warehouse(tmp_path, monkeypatch):
    for name in ["LIFECYCLE_DB", "LIFECYCLE_PUBLISH"]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    Path("warehouse").mkdir()
    with change() as connection:
        connection.execute("""
            create schema marts;
            create schema intermediate;
            create table intermediate.int_as_of_date as select date '2024-12-31' as as_of_date;

            create table marts.customer_profiles (
                profile_id varchar, segment varchar, stage varchar, recency_score integer
            );
            insert into marts.customer_profiles
                select range::varchar, 'lost', 'reactivate', 1 from range(1500);
            insert into marts.customer_profiles select 'x' || range, null, null, null from range(7);
            create table marts.rfm_thresholds as
                select date '2024-12-31' as calibrated_on, 1400 as buyer_count, true as is_current;

            create table marts.orders as
                select
                    range::varchar as order_key,
                    range::varchar as profile_id,
                    range < 1400 as is_purchase,
                    case when range >= 1490 then 'test' when range >= 1400 then 'status open' end
                        as not_purchase_reason,
                    1000.50::decimal(18, 2) as net_revenue
                from range(1500);

            create table marts.lifecycle_distribution (
                period_end date, is_current boolean, segment varchar, stage varchar,
                customers bigint, share double
            );
            create table marts.clv_by_group (
                period_end date, is_current boolean, group_type varchar, group_name varchar,
                average_order_value double, purchase_frequency double, margin_rate double,
                churn_rate double, clv decimal(18, 2), reason varchar
            );
            insert into marts.clv_by_group values
                ('2024-12-31', true, 'all', 'all', 1234.5, 2.25, 0.4, 0.314, 3538.30, null),
                ('2024-12-31', true, 'country', 'CZ', 1, 1, 1, 1, 1, null),
                ('2024-11-30', false, 'all', 'all', 1, 1, 1, 1, 1, null);

            create table marts.source_coverage (
                source_table varchar, is_present boolean, absent_columns varchar,
                switched_off varchar
            );
            insert into marts.source_coverage values
                ('shop.orders', true, 'phone, is_test', null),
                ('pos.receipts', false, null, null),
                ('web.events', false, null, 'visitors and visits');
            create table marts.reconciliation (
                subject varchar, measure varchar, came_in decimal(18, 2), kept decimal(18, 2),
                repeated decimal(18, 2), rejected decimal(18, 2), erased decimal(18, 2),
                difference decimal(18, 2), is_balanced boolean
            );
            insert into marts.reconciliation values
                ('shop.orders', 'rows', 1515, 1500, 5, 7, 3, 0, true),
                ('shop.orders', 'amount', 99, 98, 1, 0, 0, 0, true);
            create table marts.rejected_records (source_table varchar, reason varchar);
            insert into marts.rejected_records
                select 'shop.orders', 'total_amount [b]is negative[/b]' from range(3);
            insert into marts.rejected_records
                select 'shop.orders', 'reason ' || range from range(6);
        """)
        # In no order, so that the report has to make it.
        for segment in sorted(SEGMENTS):
            values = [segment, stage_of(segment), 1500 if segment == "lost" else 0]
            connection.execute(
                "insert into marts.lifecycle_distribution"
                " select '2024-12-31', true, $1, $2, $3, $3 / 1500"
                " union all select '2024-11-30', false, $1, $2, 999999, 0.5",
                values,
            )
    return tmp_path


def change():
    return duckdb.connect("warehouse/lifecycle.duckdb")


def stage_of(segment):
    rows = (module.PROJECT / "seeds" / "segments.csv").read_text().splitlines()
    return next(row.split(",")[1] for row in rows if row.startswith(segment + ","))


def run(*arguments):
    result = CliRunner().invoke(module.report, arguments)
    assert result.exit_code == 0, result.output
    return result.output


def test_customers_by_stage_and_segment_in_the_order_of_the_lifecycle(warehouse):
    output = run()
    assert "Customers as of 2024-12-31" in output
    assert "1,507 people, 1,500 orders, 1,400 of them purchases" in output
    assert "No purchases: 90 status open, 10 test." in output
    assert "1,500 buyers, scored by the cuts of 2024-12-31." in output
    assert "recalibrate" not in output
    assert "net revenue of 1,400,700.00." in output
    places = [re.search(rf"^\s+{segment}\s+[\d,]+\s", output, re.M).start() for segment in SEGMENTS]
    assert places == sorted(places)
    assert re.search(r"reactivate\s+1,500\s+100\.0%", output)
    assert re.search(r"lost\s+1,500\s+100\.0%", output)
    assert re.search(r"out of it\s+7", output)
    assert "999,999" not in output


@pytest.mark.parametrize(
    ("buyers", "is_told"), [(749, True), (750, False), (3000, False), (3001, True)]
)
def test_cuts_of_another_base_are_told(warehouse, buyers, is_told):
    with change() as connection:
        connection.execute(f"update marts.rfm_thresholds set buyer_count = {buyers}")
    assert (f"measured on {buyers:,} buyers" in run()) == is_told


def test_lifetime_value_with_its_factors(warehouse):
    output = run()
    assert "3,538.30 = average order value x frequency x margin rate / churn rate" in output
    assert re.search(r"1,234\.50\s+2\.25\s+40\.0%\s+31\.4%", output)


def test_lifetime_value_that_is_not_known_has_its_reason(warehouse):
    with change() as connection:
        connection.execute(
            "update marts.clv_by_group set clv = null, churn_rate = 0, reason = 'no churn'"
        )
    output = run()
    assert "Not known: no churn." in output
    assert re.search(r"40\.0%\s+0\.0%", output)


def test_data_quality(warehouse):
    output = run()
    assert re.search(r"shop\.orders\s+1,515\s+1,500\s+5\s+7\s+3", output)
    assert "Absent: pos.receipts." in output
    assert "Absent: web.events (visitors and visits)." in output
    assert "Absent in shop.orders: phone, is_test." in output
    assert "Rejected from shop.orders: 3 because total_amount [b]is negative[/b]." in output
    assert "reason 3" in output
    assert "reason 4" not in output
    assert "2 more reasons: marts.rejected_records." in output
    assert "All 2 balances of rows and money hold." in output


def test_a_balance_that_does_not_hold_is_loud(warehouse):
    with change() as connection:
        connection.execute(
            "update marts.reconciliation set difference = -1234.5, is_balanced = false"
            " where measure = 'amount'"
        )
    output = run()
    assert "NOT BALANCED: amount of shop.orders by -1,234.50." in output
    assert "balances of rows and money hold" not in output


def test_where_it_is(warehouse):
    assert "Published: nowhere (set LIFECYCLE_PUBLISH to a directory)" in run()
    assert "Published: nothing in published yet" in run("--publish", "published")
    Path("published/current").mkdir(parents=True)
    Path("published/current/manifest.json").write_text(
        json.dumps({"version": "20241231T101112-0fda43d6", "as_of_date": "2024-12-31"})
    )
    output = run("--publish", "published")
    assert "published/current (version 20241231T101112-0fda43d6, as of 2024-12-31)" in output
    assert "Warehouse: warehouse/lifecycle.duckdb (schema marts)" in output


def test_what_is_to_be_pasted_stays_on_one_line_and_works(warehouse):
    command = re.search(r'\.venv/bin/python -c "(.*)"', run()).group(1)
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "lost" in done.stdout


@pytest.mark.parametrize("width", ["40", "80", "200"])
def test_any_width_shows_all_numbers_without_colour(warehouse, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", width)
    output = run()
    assert "\x1b" not in output
    assert "1,500" in output
    assert "..." not in output.replace("<their directory>", "")


def test_an_empty_warehouse_is_reported_too(warehouse):
    with change() as connection:
        for table in [
            "customer_profiles",
            "orders",
            "clv_by_group",
            "rejected_records",
            "rfm_thresholds",
        ]:
            connection.execute(f"delete from marts.{table}")
        connection.execute("update marts.lifecycle_distribution set customers = 0, share = null")
    output = run()
    assert "0 people, 0 orders, 0 of them purchases with a net revenue of -." in output
    assert "Not known: nobody has bought anything." in output


def test_an_incomplete_or_absent_warehouse_is_named(warehouse):
    with change() as connection:
        connection.execute("drop table marts.clv_by_group")
    result = CliRunner().invoke(module.report)
    assert result.exit_code == 1
    assert "`warehouse/lifecycle.duckdb` is not a complete build" in result.output
    assert "run `make build`" in result.output
    result = CliRunner().invoke(module.report, ["--db", "elsewhere.duckdb"])
    assert result.exit_code == 1
    assert "Warehouse `elsewhere.duckdb` does not exist" in result.output


def test_it_starts_fast():
    code = "import sys, lifecycle.report; sys.exit('pandas' in sys.modules or 'dbt' in sys.modules)"
    root = module.PROJECT
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
