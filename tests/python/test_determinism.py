"""The marts are a function of the raw data: not of threads, and not of the order of rows."""

import shutil
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal

import duckdb
import pytest
from conftest import dbt, lifecycle, once
from filelock import FileLock

# Everything but data tests, which change nothing.
BUILD = ["build", "--exclude-resource-type", "unit_test", "test"]


@pytest.fixture(scope="module")
def small_raw(shared):
    raw = shared / "raw" / "small"
    raw.parent.mkdir(exist_ok=True)
    with FileLock(f"{raw}.lock"):
        if not raw.exists():
            lifecycle("demo", "--out", str(raw), "--customers", "700")
    return raw


def shuffled(raw, to):
    """The same files with their rows in another order."""
    shutil.copytree(raw, to)
    files = [path for path in to.rglob("*") if path.suffix in (".csv", ".parquet")]
    assert len(files) > 16
    moved = 0
    with duckdb.connect(config={"threads": 1}) as connection:
        for path in files:
            if path.suffix == ".csv":
                scan, form = f"read_csv('{path}', all_varchar = true, header = true)", "header"
            else:
                scan, form = f"read_parquet('{path}')", "format parquet"
            connection.execute(f"create or replace temp table before as from {scan}")
            connection.execute(
                "create or replace temp table after as from before order by hash(rowid, 'again')"
            )
            connection.execute(f"copy after to '{path}' ({form})")
            (is_moved,) = connection.execute("""
                select count(*) > 0
                from before inner join after on before.rowid = after.rowid
                where cast(before as varchar) <> cast(after as varchar)
            """).fetchone()
            moved += is_moved
    # A table of one row has no other order.
    assert moved >= len(files) - 2
    return to


def contents(build):
    """Per mart how often each of its rows is there, whatever their order.

    Doubles count to nine digits: the last ones depend on the order in which they are added.
    """
    found = {}
    with duckdb.connect(str(build.database), read_only=True) as connection:
        tables = connection.execute("""
            select table_name, list([column_name, data_type] order by column_index)
            from duckdb_columns()
            where schema_name = 'marts'
            group by table_name
        """).fetchall()
        for table, columns in tables:
            values = ", ".join(
                f"printf('%.8e', {name})" if kind == "DOUBLE" else name for name, kind in columns
            )
            rows = connection.execute(f"select {values} from marts.{table}").fetchall()
            found[table] = Counter(rows)
    return found


def assert_same(one, other):
    assert one.keys() == other.keys()
    differing = [
        f"{mart}: {list((one[mart] - other[mart]).items())[:3]}"
        f" against {list((other[mart] - one[mart]).items())[:3]}"
        for mart in one
        if one[mart] != other[mart]
    ]
    assert not differing, "\n".join(differing)


@pytest.fixture(scope="module")
def one_thread(small_raw, shared):
    return built(small_raw, shared / "one_thread", threads=1)


def built(raw, home, threads):
    settings = {"LIFECYCLE_THREADS": str(threads), "LIFECYCLE_ENGINE_THREADS": str(threads)}
    build = once(home, lambda: dbt(BUILD, raw, home, None, **settings))
    assert build.returncode == 0, build.output
    assert f"Concurrency: {threads} threads" in build.output
    marts = contents(build)
    assert len(marts) >= 12
    # In the first build no profile id has changed yet.
    assert {mart for mart, rows in marts.items() if not rows} == {"identity_changes"}
    return marts


def test_marts_do_not_depend_on_the_number_of_threads(one_thread, small_raw, shared):
    assert_same(built(small_raw, shared / "four_threads", threads=4), one_thread)


def test_marts_do_not_depend_on_the_order_of_raw_rows(one_thread, small_raw, shared, tmp_path):
    raw = shuffled(small_raw, tmp_path / "raw")
    assert_same(built(raw, shared / "shuffled_rows", threads=2), one_thread)


def test_half_cents_of_margin_are_rounded_and_not_left_to_the_order_of_adding(demo):
    # The sum of doubles just below 22.365 is another cent than the one just above.
    orders = demo.query("""
        select orders.order_key, orders.gross_margin, orders.net_revenue,
            list(lines.quantity), list(coalesce(lines.unit_cost, products.unit_cost))
        from marts.orders
        inner join staging.stg_shop__order_lines as lines
            on orders.order_key = 'shop:' || lines.order_id
        left join staging.stg_shop__products as products using (product_id)
        where
            orders.is_purchase
            and not orders.is_margin_estimated
            and orders.refunded_amount = 0
            and orders.currency = 'EUR'
        group by orders.order_key, orders.gross_margin, orders.net_revenue
        having bool_and(coalesce(lines.unit_cost, products.unit_cost) is not null)
    """)
    assert len(orders) > 1_000
    wrong = {}
    for key, margin, net_revenue, quantities, costs in orders:
        exact = net_revenue - sum(n * cost for n, cost in zip(quantities, costs, strict=True))
        if margin != exact.quantize(Decimal("0.01"), ROUND_HALF_UP):
            wrong[key] = (margin, exact)
    assert wrong == {}
