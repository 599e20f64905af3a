"""What of the raw data a build reads, and what staging then holds: as if it had read all of it.

Run as a script, this file drives dbt through deliveries to one small shop in one process. After
each, staging is held against what a full refresh makes of the same files.
"""

import json
import os
import sys
from pathlib import Path

import duckdb
import pytest
from conftest import breaking_copy, dbt_here, story_of

DAY = "2025-03-{:02d} 10:00"


class Shop:
    """A raw directory that grows, and changes behind the back of whoever has read it."""

    def __init__(self, raw: Path):
        self.raw = raw

    def csv(self, name: str, columns: str, *rows: str):
        path = self.raw / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([columns, *rows]) + "\n")

    def parquet(self, name: str, sql: str):
        path = self.raw / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        duckdb.execute(f"copy ({sql}) to '{path}' (format parquet)")

    # Orders come as parts that say nothing of their arrival.
    def orders(self, part: str, *rows: str):
        self.csv(f"shop/orders/{part}", "order_id,ordered_at,total_amount,currency", *rows)

    # Lines come as one file that grows, each with its arrival.
    def lines(self, *rows: tuple[str, str, int, int]):
        values = ", ".join(
            f"('{line}', '{order}', {price}, {day})" for line, order, price, day in rows
        )
        self.parquet(
            "shop/order_lines",
            f"select line as order_line_id, order_id, 1 as quantity, price as unit_price,"
            f" timestamp '2025-03-01' + to_days(day) as _loaded_at"
            f" from (values {values}) as lines (line, order_id, price, day)",
        )

    def refunds(self, *rows: str):
        self.csv("shop/refunds", "refund_id,order_id,refunded_at,amount,_loaded_at", *rows)

    def rates(self, part: str, *rows: str):
        self.csv(f"finance/exchange_rates/{part}", "rate_date,currency,rate_to_reporting", *rows)

    def receipts(self, *rows: str):
        columns = "receipt_id,sold_at,total_amount,return_of_receipt_id,_loaded_at"
        self.csv("pos/receipts", columns, *rows)


def deliveries(shop):
    """Names of what arrives, one after another."""
    # One came twice, and of the two only one waits for its order.
    lines = [("l1", "o1", 5, 1), ("l2", "o4", 7, 1), ("l3", "o1", -1, 1), ("l2", "o1", 6, 1)]
    shop.orders(
        "1", f"o1,{DAY.format(1)},10,", f"o2,{DAY.format(2)},20,GBP", f"o3,{DAY.format(2)},x,"
    )
    shop.lines(*lines)
    shop.refunds(f"r1,o1,{DAY.format(3)},1,2025-03-04", f"r2,o5,{DAY.format(3)},2,2025-03-04")
    receipts = [f"p1,{DAY.format(1)},-3,p2,2025-03-02", f"p3,{DAY.format(1)},9,,2025-03-02"]
    shop.receipts(*receipts)
    shop.csv(
        "pos/receipt_lines",
        "receipt_line_id,receipt_id,quantity,unit_price",
        *("k1,p3,1,9", "k2,p2,1,8"),
    )
    yield "first", {}
    yield "nothing new", {}
    shop.orders("2", f"o4,{DAY.format(4)},40,", f"o1,{DAY.format(1)},11,", "o2,,20,GBP")
    receipts.append(f"p2,{DAY.format(1)},8,,2025-03-03")
    shop.receipts(*receipts)
    yield "parts", {}
    shop.rates("1", "2025-03-01,GBP,1.2", "2025-02-01,USD,0.9")
    yield "a rate", {}
    shop.rates("2", "2025-03-02,GBP,1.3")
    shop.orders("3", f"o5,{DAY.format(5)},50,", f"o3,{DAY.format(2)},30,")
    lines += [("l4", "o3", 4, 2), ("l1", "o1", 6, 2)]
    shop.lines(*lines)
    yield "a later rate, and lines that arrive", {}
    lines.append(("l5", "o5", 3, 3))
    shop.lines(*lines)
    yield "lines alone", {}
    lines[0] = ("l1", "o1", 99, 4)
    shop.lines(*lines)
    yield "a line that is another", {}
    shop.orders("2", f"o4,{DAY.format(4)},41,", f"o1,{DAY.format(1)},11,")
    yield "a part that is another", {}
    (shop.raw / "shop/orders/3.csv").unlink()
    yield "a part that is gone", {}
    del receipts[1]
    shop.receipts(*receipts)
    yield "a row that is gone", {}
    yield "another currency", {"reporting_currency": "GBP"}


TABLES = (
    "shop__orders",
    "shop__order_lines",
    "shop__refunds",
    "pos__receipts",
    "pos__receipt_lines",
)


def drive(home):
    run = dbt_here(home)
    build = ("run", "--select", "path:models/staging")

    def look():
        with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
            return {
                table: connection.execute(
                    f"select * exclude (was_kept, _build_number), _build_number"
                    f" from staging.base_{table} order by all"
                ).fetchall()
                for table in (*TABLES, "finance__exchange_rates", "web__events")
            } | {
                "raw_totals": connection.execute(
                    "select *, 0 from staging.stg_registry__raw_totals order by all"
                ).fetchall()
            }

    warehouse, kept = home / "warehouse.duckdb", home / "kept.duckdb"
    for name, variables in deliveries(Shop(home / "raw")):
        variables = {"reporting_currency": "EUR", "exchange_rate_max_age_days": 3} | variables
        assert not run(*build, variables=variables)
        told = look()
        warehouse.rename(kept)
        assert not run(*build, "--full-refresh", variables=variables)
        anew = look()
        kept.replace(warehouse)
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            query = lambda sql: connection.execute(sql).fetchall()  # noqa: E731
            print(
                json.dumps(
                    {
                        "what": name,
                        "told": {table: [row[:-1] for row in rows] for table, rows in told.items()},
                        "anew": {table: [row[:-1] for row in rows] for table, rows in anew.items()},
                        "orders": query("""
                            select order_id, cast(total_amount as integer),
                                cast(rate_to_reporting as double)
                            from staging.stg_shop__orders order by all
                        """),
                        "numbers": {
                            table: sorted({row[-1] for row in rows}) for table, rows in told.items()
                        },
                        "newest": {
                            table: sorted({row[0] for row in rows if row[-1] == max(numbers)})
                            for table, rows in told.items()
                            if (numbers := [row[-1] for row in rows])
                        },
                        "waiting": query("""
                            select order_line_id from staging.base_shop__order_lines
                            where rejection_reason = 'line without its order'
                            union all
                            select refund_id from staging.base_shop__refunds
                            where rejection_reason = 'refund without its order'
                            union all
                            select receipt_id from staging.base_pos__receipts
                            where rejection_reason = 'return of a receipt that is not there'
                            union all
                            select receipt_line_id from staging.base_pos__receipt_lines
                            where rejection_reason = 'line without its receipt'
                            order by all
                        """),
                    },
                    default=str,
                )
            )


@pytest.fixture(scope="module")
def builds(tmp_path_factory):
    home = tmp_path_factory.mktemp("staging")
    return {line["what"]: line for line in story_of(__file__, home, "drive")}


def test_what_is_read_bit_by_bit_is_what_is_read_at_once(builds):
    for name, build in builds.items():
        assert build["told"] == build["anew"], name
    assert len(builds) == 11
    assert all(builds["a later rate, and lines that arrive"]["told"][table] for table in TABLES)
    counted = {row[0]: row[1] for row in builds["parts"]["told"]["raw_totals"]}
    assert counted["shop.orders"] == 6 and counted["shop.order_lines"] == 4


def test_what_was_read_is_not_read_again(builds):
    """Rows bear the number of the build that read or changed them last; there are two a step."""
    assert builds["first"]["numbers"]["shop__orders"] == [1]
    unread = builds["nothing new"]
    assert unread["newest"]["pos__receipts"] == ["p1"]  # it waits, and is looked at again
    del unread["numbers"]["pos__receipts"], builds["first"]["numbers"]["pos__receipts"]
    assert unread["numbers"] == builds["first"]["numbers"]
    parts = builds["parts"]
    assert parts["newest"]["shop__orders"] == ["o1", "o2", "o4"]
    assert parts["newest"]["shop__order_lines"] == ["l2"]
    arrived = builds["a later rate, and lines that arrive"]["newest"]
    assert arrived["shop__order_lines"] == ["l1", "l4"]
    assert arrived["finance__exchange_rates"] == ["2025-03-02"]
    assert builds["lines alone"]["newest"]["shop__order_lines"] == ["l5"]


def test_what_is_not_as_it_was_read_is_read_whole(builds):
    for name, tables in {
        "a line that is another": ["shop__order_lines"],
        "a part that is another": ["shop__orders", "shop__order_lines", "shop__refunds"],
        "a part that is gone": ["shop__orders", "shop__order_lines", "shop__refunds"],
        "a row that is gone": ["pos__receipts", "pos__receipt_lines"],
        "another currency": list(TABLES),
    }.items():
        numbers = builds[name]["numbers"]
        this_build = max(numbers[tables[0]])
        whole = [table for table in TABLES if numbers[table] == [this_build]]
        assert whole == tables, name


def test_what_lacks_its_order_waits_for_it(builds):
    waiting = {name: [row for (row,) in build["waiting"]] for name, build in builds.items()}
    assert waiting["first"] == ["k2", "l2", "p1", "r2"]
    assert waiting["parts"] == ["r2"]
    assert waiting["lines alone"] == []
    # The order is gone with its part.
    assert waiting["a part that is gone"] == ["l4", "l5", "r2"]
    assert waiting["a row that is gone"] == ["k1", "l4", "l5", "r2"]


def test_a_rate_that_comes_late_reaches_the_orders_of_its_days(builds):
    rates = {
        name: {order: rate for order, _, rate in build["orders"]} for name, build in builds.items()
    }
    assert "o2" not in rates["parts"]
    assert rates["a rate"]["o2"] == 1.2
    assert rates["lines alone"]["o2"] == 1.3


def test_the_last_delivery_that_can_be_used_is_kept(builds):
    amounts = {order: amount for order, amount, _ in builds["parts"]["orders"]}
    assert amounts["o1"] == 11
    assert builds["a rate"]["orders"][1] == ["o2", 20, 1.2]


# ---------- which of several deliveries


DELIVERIES = [
    ("by_arrival", 1, "2025-03-02", "a"),
    ("by_arrival", 2, "2025-03-03", "a"),
    ("by_file", 1, "", "b"),
    ("by_file", 2, "", "a"),
    ("by_text", 1, "2025-03-02", "a"),
    ("by_text", 2, "2025-03-02", "a"),
    ("last_is_broken", 1, "2025-03-02", "a"),
    ("last_is_broken", -2, "2025-03-03", "a"),
    ("dated_beats_undated", 1, "2025-03-02", "a"),
    ("dated_beats_undated", 2, "", "b"),
    ("twice_the_same", 1, "2025-03-02", "a"),
    ("twice_the_same", 1, "2025-03-02", "a"),
]


KEPT = [
    ["by_arrival", 2],
    ["by_file", 1],
    ["by_text", 2],
    ["dated_beats_undated", 1],
    ["last_is_broken", 1],
    ["twice_the_same", 1],
]


@pytest.fixture(scope="module")
def picks(tmp_path_factory):
    home = tmp_path_factory.mktemp("picks")
    shop = Shop(home / "raw")
    shop.orders("1", f"o,{DAY.format(1)},10,")
    for part in "ab":
        shop.csv(
            f"shop/refunds/{part}",
            "refund_id,order_id,refunded_at,amount,_loaded_at",
            *(
                f"{refund},o,2025-03-01,{amount},{arrival}"
                for refund, amount, arrival, file in DELIVERIES
                if file == part
            ),
        )
    return {line["what"]: line for line in story_of(__file__, home, "pick")}


def test_ties_between_deliveries_are_decided(picks):
    assert picks["never broken off"]["kept"] == KEPT
    assert picks["never broken off"]["rows"] == len(DELIVERIES)


def test_a_build_that_breaks_off_before_it_decided_is_made_good(picks):
    """Rows are there before it is told which of them are kept: none may be noted as read."""
    for broken in ("first, broken off", "refreshed, broken off"):
        assert "broken off" in picks[broken]["failed"][0]
        assert len(picks[broken]["kept"]) > len(KEPT)
    for whole in ("first", "refreshed"):
        assert picks[whole]["failed"] == []
        assert picks[whole]["kept"] == KEPT
        assert picks[whole]["rows"] == len(DELIVERIES)


def pick(home):
    project = breaking_copy(
        home,
        "macros/engine/commit_so_far.sql",
        "run_statement('begin transaction') -%}",
        "model.name == 'base_shop__refunds'",
    )
    run = dbt_here(home, project)
    for what, breaks_off, *options in (
        ("first, broken off", "yes", "+base_shop__refunds"),
        ("first", "", "+base_shop__refunds"),
        # Alone: refunds are read whole anyway when their orders are.
        ("refreshed, broken off", "yes", "base_shop__refunds", "--full-refresh"),
        ("refreshed", "", "base_shop__refunds"),
        ("never broken off", "", "base_shop__refunds", "--full-refresh"),
    ):
        os.environ["BREAKS_OFF"] = breaks_off
        failed = run("run", "--select", *options)
        with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
            query = lambda sql: connection.execute(sql).fetchall()  # noqa: E731
            print(
                json.dumps(
                    {
                        "what": what,
                        "failed": failed,
                        "kept": query("""
                            select refund_id, cast(amount as integer)
                            from staging.base_shop__refunds where is_kept order by all
                        """),
                        "rows": query("select count(*) from staging.base_shop__refunds")[0][0],
                    }
                )
            )


if __name__ == "__main__":
    {"drive": drive, "pick": pick}[sys.argv[2]](Path(sys.argv[1]))
