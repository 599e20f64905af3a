"""Spark against DuckDB: every mart of a small shop, after a first build and after a second one.

Run as a script, this file drives dbt on Spark through both builds in one process and writes the
marts as Parquet. It takes some minutes, most of which Spark spends on planning queries over few
rows, so it runs with LIFECYCLE_TEST_SPARK=1, as `make test-spark` sets it; without, a smoke builds
seeds and a table of staging, if the Spark extra is installed.
"""

import importlib.util
import json
import os
import shutil
import sys
from pathlib import Path

import duckdb
import pytest
import yaml
from conftest import PROJECT, dbt, dbt_build, lifecycle, story_of

from lifecycle import functions

CUSTOMERS = 700  # models of predicted CLV ask for 500 buyers
ARRIVED_BEFORE = "2026-06-10"  # what came later, two requests to be erased with it, is new
SAME = 1e-9
is_installed = all(
    importlib.util.find_spec(name)
    for name in ("pyspark", "dbt.adapters.spark", "snowpark_connect_deps_iceberg")
)
needs_spark = pytest.mark.skipif(
    not is_installed,
    reason="the Spark extra is not installed: pip install -r requirements-spark.txt",
)
is_whole = bool(os.environ.get("LIFECYCLE_TEST_SPARK"))


# ---------- the shop


def write_raw(raw: Path, to: Path, before: str | None = None) -> Path:
    """The files of a raw directory, or of each what had arrived before a day."""
    for path in sorted(raw.rglob("*")):
        copy = to / path.relative_to(raw)
        if path.suffix not in (".parquet", ".csv"):
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        is_csv = path.suffix == ".csv"
        table = f"read_csv('{path}', all_varchar = true)" if is_csv else f"'{path}'"
        arrived = f"cast(_loaded_at as timestamp) < '{before}'" if before else "true"
        with duckdb.connect() as connection:
            query = f"select * from {table} where {arrived}"
            if connection.execute(f"select count(*) from ({query})").fetchone()[0]:
                options = "(format csv, header true)" if is_csv else "(format parquet)"
                connection.execute(f"copy ({query}) to '{copy}' {options}")
    shutil.copy(raw / "vars.yml", to / "vars.yml")
    return to


@pytest.fixture(scope="module")
def raws(tmp_path_factory):
    """What each of the two builds finds, in directories of their names."""
    home = tmp_path_factory.mktemp("spark_raw")
    lifecycle("demo", "--out", str(home / "demo"), "--customers", str(CUSTOMERS))
    write_raw(home / "demo", home / "first", ARRIVED_BEFORE)
    write_raw(home / "demo", home / "second")
    return home


# ---------- Spark


def build_on_spark(home: Path, raws: dict[str, str], commands: dict[str, list]) -> None:
    """Builds each raw directory, one after the other, and writes the marts out."""
    os.chdir(PROJECT)
    os.environ |= {
        "DBT_PROFILES_DIR": str(PROJECT),
        "LIFECYCLE_TARGET": "spark",
        "LIFECYCLE_HASH_SALT": "demo",
        "LIFECYCLE_SPARK_WAREHOUSE": str(home / "warehouse"),
        # To compile a query over few rows takes longer than to interpret it.
        "LIFECYCLE_SPARK_SETTINGS": (
            "spark.sql.codegen.wholeStage=false spark.sql.codegen.factoryMode=NO_CODEGEN"
        ),
    }
    from lifecycle import spark

    session = spark.make_session()
    session.conf.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
    for name, raw in raws.items():
        spark.prepare(session, raw)
        variables = (Path(raw) / "vars.yml").read_text()
        where = ["--target-path", str(home / "target"), "--log-path", str(home / "logs")]
        passed = spark.run(["--no-use-colors", *commands[name], "--vars", variables, *where])
        tables = {}
        for schema in ("seeds", "staging", "marts"):
            if session.catalog.databaseExists(schema):
                for row in session.sql(f"show tables in {schema}").collect():
                    frame = session.table(f"{schema}.{row['tableName']}")
                    path = home / name / schema / row["tableName"]
                    frame.coalesce(1).write.parquet(str(path))
                    tables[f"{schema}.{row['tableName']}"] = frame.dtypes
        print(json.dumps({"build": name, "passed": passed, "tables": tables}), flush=True)
    session.stop()


def spark_story(home: Path, raws: dict[str, Path], commands: dict[str, list]) -> dict:
    """What the builds made, by their names."""
    home.mkdir(parents=True, exist_ok=True)
    plan = {"raws": {name: str(raw) for name, raw in raws.items()}, "commands": commands}
    (home / "plan.json").write_text(json.dumps(plan))
    return {line["build"]: line for line in story_of(__file__, home)}


@pytest.fixture(scope="module")
def both(raws, tmp_path_factory):
    """Both builds on both engines: name to (passed on Spark, rows of Spark, rows of DuckDB)."""
    home = tmp_path_factory.mktemp("spark")
    found = {name: raws / name for name in ("first", "second")}
    commands = {
        "first": ["build", "--exclude-resource-type", "unit_test"],
        "second": ["build", "--exclude-resource-type", "unit_test"],
    }
    story = spark_story(home / "spark", found, commands)
    results = {}
    for name, raw in found.items():
        variables = yaml.safe_load((raw / "vars.yml").read_text())
        build = dbt_build(raw, home / "duckdb", variables)
        assert build.returncode == 0, build.output
        tables = {}
        with duckdb.connect(str(build.database), read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            names = connection.execute(
                "select table_schema, table_name from information_schema.tables"
                " where table_schema in ('staging', 'marts') and table_name not like 'base%'"
            ).fetchall()
            for schema, table in names:
                path = home / "spark" / name / schema / table
                tables[f"{schema}.{table}"] = tuple(
                    rows_of(connection, source)
                    for source in (f"read_parquet('{path}/*.parquet')", f"{schema}.{table}")
                )
        results[name] = story[name], tables
    return results


def rows_of(connection, source: str) -> tuple[list, list[tuple]]:
    """Columns with their types, and rows in an order that floats do not tell."""
    described = connection.execute(f"describe select * from {source}").fetchall()
    columns = [(name, kind.replace(" WITH TIME ZONE", "")) for name, kind, *_ in described]
    # Which build read a row, and what was there before it: Spark reads all rows in each.
    builds = ("_build_number", "was_kept")
    columns = [(name, kind) for name, kind in columns if name not in builds]
    values = [
        f'cast("{name}" as timestamp)' if kind == "TIMESTAMP" else f'"{name}"'
        for name, kind in columns
    ]
    order = [f'"{name}"' for name, kind in columns if kind not in ("DOUBLE", "FLOAT")]
    query = f"select {', '.join(values)} from {source} order by {', '.join(order)}"
    return columns, connection.execute(query).fetchall()


def differences(spark: list[tuple], duck: list[tuple]) -> list:
    """Pairs of values that are not the same; floats may differ by their last digits."""
    found = []
    for one, other in zip(spark, duck, strict=True):
        for left, right in zip(one, other, strict=True):
            if isinstance(left, float) and isinstance(right, float):
                if not abs(left - right) <= SAME * max(abs(left), abs(right)):
                    found.append((left, right, other))
            elif left != right:
                found.append((left, right, other))
    return found


# ---------- tests


@needs_spark
@pytest.mark.skipif(not is_whole, reason="minutes of Spark: `make test-spark` runs it")
@pytest.mark.parametrize("name", ["first", "second"])
def test_all_marts_are_the_same(both, name):
    """And what staging shows: who was erased is gone from the same rows."""
    story, tables = both[name]
    assert story["passed"]
    assert tables.keys() == {
        table for table in story["tables"] if not table.startswith(("seeds.", "staging.base_"))
    }
    assert len([table for table in tables if table.startswith("marts.")]) > 20
    for table, ((columns, rows), (columns_duck, rows_duck)) in tables.items():
        assert columns == columns_duck, table
        assert len(rows) == len(rows_duck), table
        assert differences(rows, rows_duck) == [], table


@needs_spark
@pytest.mark.skipif(not is_whole, reason="minutes of Spark: `make test-spark` runs it")
def test_the_builds_have_something_to_compare(both):
    """A mart without rows is the same everywhere."""
    (_, first), (_, second) = both["first"], both["second"]

    def column(tables, table, name):
        columns, rows = tables[table][1]
        place = [column for column, _ in columns].index(name)
        return [row[place] for row in rows]

    assert [table for table, (_, (_, rows)) in second.items() if not rows] == []
    assert len(column(first, "marts.orders", "order_key")) > 99
    assert column(first, "marts.orders", "order_key") != column(second, "marts.orders", "order_key")
    assert True in column(second, "marts.campaign_triggers", "is_issued")
    assert any(column(second, "marts.customer_lifetime_value", "predicted_clv"))
    assert column(first, "staging.stg_privacy__erasure_requests", "request_id") == []
    assert column(second, "staging.stg_privacy__erasure_requests", "request_id") != []


@needs_spark
def test_spark_builds_from_raw_files(raws, tmp_path):
    without = [w for kind in ("test", "unit_test") for w in ("--exclude-resource-type", kind)]
    commands = {"first": ["build", "-s", "resource_type:seed", "+stg_shop__orders", *without]}
    story = spark_story(tmp_path / "spark", {"first": raws / "first"}, commands)["first"]
    assert story["passed"]
    build = dbt(
        commands["first"],
        raws / "first",
        tmp_path / "duckdb",
        yaml.safe_load((raws / "first" / "vars.yml").read_text()),
    )
    assert build.returncode == 0, build.output
    assert len(story["tables"]) > 9
    with duckdb.connect(str(build.database), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for table in story["tables"]:
            schema, name = table.split(".")
            path = tmp_path / "spark" / "first" / schema / name
            one = rows_of(connection, f"read_parquet('{path}/*.parquet')")
            other = rows_of(connection, f"{schema}.{name}")
            assert [column for column, _ in one[0]] == [column for column, _ in other[0]]
            assert one[1] == other[1], table
        assert (
            connection.execute("select count(*) from staging.stg_shop__orders").fetchone()[0] > 99
        )


def test_functions_have_types_on_both_engines():
    kinds = [{"a": "double", "b": ["string"]}]
    assert functions.duckdb_type(kinds) == "struct(a double, b varchar[])[]"
    assert functions.spark_type(kinds) == "array<struct<a: double, b: array<string>>>"
    assert set(functions.FUNCTIONS) == {"fit_purchases", "fit_margins", "experiment_estimates"}


def test_a_comparison_sees_what_differs():
    same = [("a", 1, 1.0), (None, 2, None)]
    assert differences(same, [("a", 1, 1.0 + 1e-12), (None, 2, None)]) == []
    for other in [("a", 1, 1.0 + 1e-8), ("b", 1, 1.0), ("a", 2, 1.0), ("a", 1, None)]:
        assert len(differences(same, [other, same[1]])) == 1


if __name__ == "__main__":
    home = Path(sys.argv[1])
    build_on_spark(home, **json.loads((home / "plan.json").read_text()))
