"""The marts are a function of the raw data: not of threads, and not of the order of rows."""

import hashlib
import shutil

import duckdb
import pytest
from conftest import dbt, lifecycle, once

# Everything but data tests, which change nothing.
BUILD = ["build", "--exclude-resource-type", "unit_test", "test"]


@pytest.fixture(scope="module")
def small_raw(tmp_path_factory):
    raw = tmp_path_factory.mktemp("small") / "raw"
    lifecycle("demo", "--out", str(raw), "--customers", "500")
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


def checksums(build):
    """Per mart the number of rows and a sum over them that no order changes.

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
                f"printf('%.8e', {name})" if kind == "DOUBLE" else f"cast({name} as varchar)"
                for name, kind in columns
            )
            rows = connection.execute(f"select {values} from marts.{table}").fetchall()
            texts = sorted(repr(row) for row in rows)
            digest = hashlib.sha256("\n".join(texts).encode()).hexdigest()
            found[table] = (len(rows), digest)
    return found


@pytest.fixture(scope="module")
def one_thread(small_raw, shared):
    return built(small_raw, shared / "one_thread", threads=1)


def built(raw, home, threads):
    settings = {"LIFECYCLE_THREADS": str(threads), "LIFECYCLE_ENGINE_THREADS": str(threads)}
    build = once(home, lambda: dbt(BUILD, raw, home, None, **settings))
    assert build.returncode == 0, build.output
    assert f"Concurrency: {threads} threads" in build.output
    sums = checksums(build)
    assert len(sums) >= 9
    assert sum(rows > 0 for rows, _ in sums.values()) == len(sums)
    return sums


def test_marts_do_not_depend_on_the_number_of_threads(one_thread, small_raw, shared):
    assert built(small_raw, shared / "four_threads", threads=4) == one_thread


def test_marts_do_not_depend_on_the_order_of_raw_rows(one_thread, small_raw, shared):
    raw = shuffled(small_raw, small_raw.parent / "shuffled")
    assert built(raw, shared / "shuffled_rows", threads=2) == one_thread
