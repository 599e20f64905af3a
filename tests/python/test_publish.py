"""Publishing: only what passed in full, all at once, and nothing lost when it goes wrong."""

import fcntl
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from lifecycle import publish as module

DAYS = ["2024-12-31T10:11:12.000001Z", "2025-01-01T10:11:12Z", "2025-01-02T10:11:12Z"]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A warehouse of two marts (one of them kept in the state file) and dbt's JSON about it."""
    for name in ["LIFECYCLE_DB", "LIFECYCLE_STATE", "LIFECYCLE_PUBLISH"]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    Path("warehouse").mkdir()
    with duckdb.connect("warehouse/lifecycle.duckdb") as connection:
        connection.execute("""
            create schema marts;
            create schema intermediate;
            create table intermediate.int_as_of_date as select date '2024-12-31' as as_of_date;
            create table marts.orders as
                select range::varchar as order_key, 9.90::decimal(18, 2) as net_revenue
                from range(3);
        """)
    with duckdb.connect("warehouse/state.duckdb") as connection:
        connection.execute("""
            create schema marts;
            create table marts.rfm_thresholds as select 'recency' as metric, 1.5 as cut;
            create table marts.of_an_earlier_version as select 1 as x;
        """)
    describe(DAYS[0])
    return tmp_path


def describe(generated_at, arguments=None, statuses=None, marts=None):
    """Write the two files that dbt leaves behind a build."""
    marts = marts or [
        mart("orders", {"order_key": "Key.", "net_revenue": "Money."}),
        mart("rfm_thresholds", {"metric": "What.", "cut": "Where."}, database="state"),
    ]
    models = {f"model.lifecycle.{node['alias']}": node for node in marts}
    models["model.lifecycle.stg_x"] = {
        **mart("stg_x", {}),
        "original_file_path": "models/staging/x/stg_x.sql",
    }
    statuses = statuses or {
        **dict.fromkeys(models, "success"),
        "test.lifecycle.not_null_orders.abc": "pass",
        "test.lifecycle.fluctuation.abc": "warn",
        "exposure.lifecycle.board": "no-op",
        "operation.lifecycle.lifecycle-on-run-start-0": "success",
    }
    results = {
        "metadata": {
            "generated_at": generated_at,
            "invocation_id": "0fda43d6-2cd5-4faf-a0e4-a86276b3c115",
            "dbt_version": "1.11.16",
        },
        "args": {"which": "build", "select": [], "exclude": [], "empty": False} | (arguments or {}),
        "results": [{"unique_id": name, "status": status} for name, status in statuses.items()],
    }
    Path("target").mkdir(exist_ok=True)
    Path("target/run_results.json").write_text(json.dumps(results))
    Path("target/manifest.json").write_text(json.dumps({"nodes": models}))


def mart(name, columns, database="lifecycle"):
    return {
        "alias": name,
        "database": database,
        "resource_type": "model",
        "original_file_path": f"models/marts/core/{name}.sql",
        "config": {"materialized": "table"},
        "description": f"One row per {name}.",
        "columns": {key: {"name": key, "description": text} for key, text in columns.items()},
    }


def run(*arguments, directory="published"):
    return CliRunner().invoke(module.publish, ["--to", directory, *arguments])


def refused(*words):
    result = run()
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit), result.exception
    for word in words:
        assert word in result.output
    assert not Path("published/current").exists()


def test_without_a_directory_it_says_so_and_does_nothing(project):
    result = CliRunner().invoke(module.publish, [])
    assert result.exit_code == 0
    assert "set LIFECYCLE_PUBLISH or pass --to" in result.output
    assert sorted(path.name for path in project.iterdir()) == ["target", "warehouse"]


def test_every_mart_is_published_with_a_manifest(project):
    result = run()
    assert result.exit_code == 0, result.output
    assert "Published 2 marts as of 2024-12-31 to published/current (4 rows" in result.output

    current = Path("published/current")
    assert os.readlink(current) == "versions/20241231T101112-0fda43d6"
    manifest = json.loads((current / "manifest.json").read_text())
    assert manifest["as_of_date"] == "2024-12-31"
    assert manifest["generated_at"] == DAYS[0]
    assert manifest["dbt_version"] == "1.11.16"
    orders, thresholds = manifest["tables"]
    content = (current / "orders.parquet").read_bytes()
    assert orders == {
        "name": "orders",
        "description": "One row per orders.",
        "file": "orders.parquet",
        "rows": 3,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "columns": [
            {"name": "order_key", "type": "VARCHAR", "description": "Key."},
            {"name": "net_revenue", "type": "DECIMAL(18,2)", "description": "Money."},
        ],
    }
    assert thresholds["rows"] == 1
    assert duckdb.sql("select metric from 'published/current/rfm_thresholds.parquet'").fetchall()
    compression = "select distinct compression from parquet_metadata('published/current/*.parquet')"
    assert duckdb.sql(compression).fetchall() == [("ZSTD",)]


def test_environment_names_the_directory_and_the_warehouse(project, monkeypatch):
    monkeypatch.setenv("LIFECYCLE_PUBLISH", "elsewhere's")
    monkeypatch.setenv("LIFECYCLE_DB", "other/lifecycle.duckdb")
    Path("warehouse/lifecycle.duckdb").rename(Path("other").mkdir() or "other/lifecycle.duckdb")
    result = CliRunner().invoke(module.publish, [])
    assert result.exit_code == 0, result.output
    assert Path("elsewhere's/current/manifest.json").is_file()


def test_the_last_two_versions_are_kept(project):
    for day in DAYS:
        describe(day)
        assert run().exit_code == 0
    versions = sorted(path.name for path in Path("published/versions").iterdir())
    assert versions == ["20250101T101112-0fda43d6", "20250102T101112-0fda43d6"]
    assert os.readlink("published/current").endswith(versions[-1])


def test_publishing_the_same_build_again_changes_nothing(project):
    run()
    before = {path: path.stat().st_mtime_ns for path in Path("published/versions").rglob("*")}
    assert run().exit_code == 0
    assert before == {
        path: path.stat().st_mtime_ns for path in Path("published/versions").rglob("*")
    }


def test_strangers_among_the_versions_are_left_alone(project):
    Path("published/versions/mine").mkdir(parents=True)
    for day in DAYS:
        describe(day)
        run()
    assert Path("published/versions/mine").is_dir()


@pytest.mark.parametrize(
    ("step", "half_done"),
    [
        ("_write_table", "real(*arguments)"),
        ("swap", "os.symlink('nowhere', 'published/.current.draft')"),
    ],
)
def test_a_crash_leaves_the_published_version_and_the_next_run_cleans_up(project, step, half_done):
    run()
    before = os.readlink("published/current")
    describe(DAYS[1])
    crash = f"""
import os
from lifecycle import publish
real = publish.{step}
def die_half_done(*arguments):
    {half_done}
    os._exit(9)
publish.{step} = die_half_done
publish.publish(["--to", "published"])
"""
    environment = {**os.environ, "PYTHONPATH": str(module.Path(module.__file__).parents[1])}
    died = subprocess.run([sys.executable, "-c", crash], env=environment, check=False)
    assert died.returncode == 9
    assert os.readlink("published/current") == before
    assert Path("published/current/orders.parquet").is_file()
    leftovers = [*Path("published/versions").glob(".*"), *Path("published").glob(".current.*")]
    assert leftovers

    assert run().exit_code == 0
    assert os.readlink("published/current") == "versions/20250101T101112-0fda43d6"
    assert sorted(path.name for path in Path("published").rglob(".*")) == [".lock"]


def test_a_full_disk_leaves_the_published_version(project, monkeypatch):
    run()
    describe(DAYS[1])

    def full(*_):
        raise OSError(28, "No space left on device", "published/x")

    monkeypatch.setattr(module, "_write_table", full)
    result = run()
    assert result.exit_code == 1
    assert "`published/x` cannot be written (No space left on device)" in result.output
    assert os.readlink("published/current") == "versions/20241231T101112-0fda43d6"


def test_two_publishers_do_not_meet(project):
    Path("published").mkdir()
    with Path("published/.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused("Another process is publishing to `published`")


def test_a_folder_named_current_is_not_replaced(project):
    Path("published/current").mkdir(parents=True)
    result = run()
    assert result.exit_code == 1
    assert "`published/current` is in the way" in result.output


@pytest.mark.parametrize("status", ["error", "fail", "skipped", "runtime error", "partial success"])
def test_a_build_that_did_not_pass_is_refused(project, status):
    describe(DAYS[0], statuses={"model.lifecycle.orders": "success", "test.lifecycle.a.b": status})
    refused("The last build did not pass", f"test a.b ({status})", "Mend that")


def test_a_long_list_of_failures_is_cut(project):
    describe(DAYS[0], statuses={f"model.lifecycle.m{number}": "error" for number in range(9)})
    refused("model m4 (error) and 4 more")


@pytest.mark.parametrize("command", ["run", "test", "generate", "retry"])
def test_another_command_than_build_is_refused(project, command):
    describe(DAYS[0], {"which": command})
    refused(f"The last dbt command was `{command}`", "run `make build`")


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        ({"select": ["orders"]}, "--select"),
        ({"exclude": ["test_type:unit"]}, "--exclude"),
        ({"selector": "nightly"}, "--selector"),
        ({"exclude_resource_types": ["test"]}, "--exclude-resource-types"),
        ({"empty": True}, "--empty"),
        ({"sample": "3 days"}, "--sample"),
    ],
)
def test_a_partial_build_is_refused(project, arguments, option):
    describe(DAYS[0], arguments)
    refused(f"The last build was a partial one ({option})")


@pytest.mark.parametrize(
    ("sql", "complaint"),
    [
        ("drop table marts.orders", "the warehouse lacks `orders`"),
        ("create table marts.old as select 1 as x", "no model makes `old`"),
        ("alter table marts.orders add column x integer", "`orders` has other columns than"),
    ],
)
def test_a_warehouse_that_is_not_the_project_s_is_refused(project, sql, complaint):
    with duckdb.connect("warehouse/lifecycle.duckdb") as connection:
        connection.execute(sql)
    refused("Warehouse and project do not match", complaint)


def test_tables_that_dbt_left_over_in_the_middle_are_no_marts(project):
    with duckdb.connect("warehouse/lifecycle.duckdb") as connection:
        connection.execute("create table marts.orders__dbt_tmp20250101 as select 1 as x")
    assert run().exit_code == 0


def test_a_mart_newer_than_the_build_is_refused(project):
    describe(DAYS[0], statuses={"model.lifecycle.orders": "success"})
    refused("The last build did not make `rfm_thresholds`")


def test_a_warehouse_without_the_date_is_refused(project):
    with duckdb.connect("warehouse/lifecycle.duckdb") as connection:
        connection.execute("drop table intermediate.int_as_of_date")
    refused("The marts cannot be published (Catalog Error", "int_as_of_date")


def test_files_that_are_absent_or_broken_are_named(project):
    Path("target/run_results.json").write_text("{")
    refused("`target/run_results.json` is no JSON")
    Path("target/run_results.json").unlink()
    refused("`target/run_results.json` does not exist", "--target-path")
    describe(DAYS[0])
    Path("warehouse/lifecycle.duckdb").write_text("no database")
    refused("Database `warehouse/lifecycle.duckdb` cannot be opened: it is no database")
    Path("warehouse/lifecycle.duckdb").unlink()
    refused("Warehouse `warehouse/lifecycle.duckdb` does not exist")


def test_a_warehouse_that_is_being_written_is_refused(project):
    writer = (
        "import duckdb, sys; c = duckdb.connect('warehouse/lifecycle.duckdb'); "
        "print('open', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", writer], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        process.stdout.readline()
        refused("Database `warehouse/lifecycle.duckdb` cannot be opened: another process")
    finally:
        process.stdin.close()
        process.wait()
