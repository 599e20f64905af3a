"""Publish the marts of a build that passed, as Parquet files that BI reads while builds write.

    <directory>/versions/<version>/   one file per mart, and manifest.json
    <directory>/current               link to the newest version, swapped in one step

A version is complete before `current` points at it, and the one before it stays for whoever is
still reading it.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click
import duckdb

PASSED = {"success", "pass", "warn", "no-op"}
# Options of `dbt build` that leave part of the marts, their rows or their tests out.
PARTIAL = (
    "select",
    "exclude",
    "selector",
    "resource_types",
    "exclude_resource_types",
    "empty",
    "sample",
    "event_time_start",
    "event_time_end",
)
KEPT_VERSIONS = 2
VERSION = re.compile(r"\d{8}T\d{6}-[0-9a-f]{8}")
BUILD = "run `make build`"

db_option = click.option(
    "--db",
    envvar="LIFECYCLE_DB",
    default="warehouse/lifecycle.duckdb",
    show_default=True,
    help="Database file of the warehouse [env LIFECYCLE_DB].",
)


@click.command()
@db_option
@click.option(
    "--state",
    envvar="LIFECYCLE_STATE",
    default="warehouse/state.duckdb",
    show_default=True,
    help="Database file of the kept state [env LIFECYCLE_STATE].",
)
@click.option(
    "--to", "directory", envvar="LIFECYCLE_PUBLISH", help="Directory [env LIFECYCLE_PUBLISH]."
)
@click.option("--target-path", default="target", show_default=True, help="Where dbt left its JSON.")
def publish(db: str, state: str, directory: str | None, target_path: str):
    """Publish the marts of the last build, if all of it passed."""
    if not directory:
        click.echo("Nothing is published: set LIFECYCLE_PUBLISH or pass --to <directory> to do so.")
        return
    build = passed_build(Path(target_path))
    root = Path(directory)
    try:
        with only_process(root, "publishing"), open_warehouse(db, state) as connection:
            _publish(connection, build, root)
    except OSError as error:
        raise click.ClickException(
            f"`{error.filename or root}` cannot be written ({error.strerror}): make room or choose "
            "another directory; what was published before is still there."
        ) from None
    except duckdb.Error as error:
        raise click.ClickException(
            f"The marts cannot be published ({str(error).splitlines()[0]}): {BUILD} again, then "
            "publish; what was published before is still there."
        ) from None


@contextmanager
def open_warehouse(path: str, state: str | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, read-only; the kept state beside it as `state`, where there is one."""
    if not Path(path).is_file():
        raise click.ClickException(
            f"Warehouse `{path}` does not exist: {BUILD} first, or name it with --db."
        )
    opened = path
    try:
        connection = duckdb.connect(path, read_only=True)
        if state and Path(state).is_file():
            opened = state
            quoted = state.replace("'", "''")
            connection.execute(f"attach '{quoted}' as state (read_only)")
    except duckdb.Error as error:
        advice = (
            "another process is writing it, wait until that is done"
            if "lock" in str(error).splitlines()[0]
            else f"it is no database of this DuckDB ({duckdb.__version__}), {BUILD} anew"
        )
        raise click.ClickException(f"Database `{opened}` cannot be opened: {advice}.") from None
    with connection:
        yield connection


# -- the build -----------------------------------------------------------------------------------


def passed_build(target: Path) -> dict:
    """What dbt says about its last run: the metadata and the marts; refuses all but a full pass."""
    results = _read_json(target / "run_results.json")
    manifest = _read_json(target / "manifest.json")
    arguments = results["args"]
    if arguments.get("which") != "build":
        raise click.ClickException(
            f"The last dbt command was `{arguments.get('which')}`, and only a build tests all that "
            f"it made: {BUILD}, then publish."
        )
    # What unit tests say does not depend on the data.
    given = {name: arguments.get(name) for name in PARTIAL}
    if [str(word) for word in given["exclude_resource_types"] or []] == ["unit_test"]:
        given["exclude_resource_types"] = None
    if options := [f"--{name.replace('_', '-')}" for name, value in given.items() if value]:
        raise click.ClickException(
            f"The last build was a partial one ({', '.join(options)}): {BUILD} of the whole "
            "project, then publish."
        )
    if bad := [result for result in results["results"] if result["status"] not in PASSED]:
        listed = ", ".join(f"{_node_name(node)} ({node['status']})" for node in bad[:5])
        more = f" and {len(bad) - 5} more" if len(bad) > 5 else ""
        raise click.ClickException(
            f"The last build did not pass: {listed}{more}. Mend that and {BUILD} again; what was "
            "published before is still there."
        )
    marts = {
        name: node
        for name, node in manifest["nodes"].items()
        if node["resource_type"] == "model"
        and node["original_file_path"].startswith("models/marts/")
        and node["config"]["materialized"] != "ephemeral"
    }
    built = {result["unique_id"] for result in results["results"]}
    if unbuilt := [node["alias"] for name, node in marts.items() if name not in built]:
        raise click.ClickException(
            f"The last build did not make {_words(unbuilt)}, which the project has by now: {BUILD} "
            "again, then publish."
        )
    return {"metadata": results["metadata"], "marts": list(marts.values())}


def _read_json(path: Path) -> dict:
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise click.ClickException(
            f"`{path}` does not exist: {BUILD} first, or name dbt's directory with --target-path."
        ) from None
    except ValueError:
        raise click.ClickException(f"`{path}` is no JSON: {BUILD} again, then publish.") from None


def _node_name(result: dict) -> str:
    kind, _, name = result["unique_id"].split(".", 2)
    return f"{kind} {name}"


def _check_marts(connection: duckdb.DuckDBPyConnection, marts: list[dict]) -> None:
    """The warehouse has exactly the marts of the project, with exactly their columns."""
    columns = connection.execute(
        "select table_catalog = current_database(), table_name, list(lower(column_name))"
        " from information_schema.columns"
        " where table_schema = 'marts' and not contains(table_name, '__dbt_') group by all"
    ).fetchall()
    held = {table: set(names) for _, table, names in columns}
    # The kept state may hold tables of earlier versions of the project; the warehouse may not.
    made = {table for in_warehouse, table, _ in columns if in_warehouse}
    wanted = {mart["alias"]: {name.lower() for name in mart["columns"]} for mart in marts}
    complaints = []
    if not wanted:
        complaints.append("the project has no marts")
    if missing := sorted(wanted.keys() - held.keys()):
        complaints.append(f"the warehouse lacks {_words(missing)}")
    if surplus := sorted(made - wanted.keys()):
        complaints.append(f"no model makes {_words(surplus)} (drop what is left over)")
    if other := sorted(
        name for name in wanted.keys() & held.keys() if wanted[name] and wanted[name] != held[name]
    ):
        complaints.append(f"{_words(other)} has other columns than its model")
    if complaints:
        raise click.ClickException(
            f"Warehouse and project do not match: {'; '.join(complaints)}. Does --db name the "
            f"warehouse of the last build? If so, {BUILD}, then publish."
        )


def _words(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


# -- the published directory ---------------------------------------------------------------------


@contextmanager
def only_process(root: Path, doing: str) -> Iterator[None]:
    """The directory, locked; the system drops the lock of a process that dies."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise click.ClickException(
                f"Another process is {doing} to `{root}`: wait until it is done."
            ) from None
        yield


def _publish(connection: duckdb.DuckDBPyConnection, build: dict, root: Path) -> None:
    current = link_to_newest(root)
    _check_marts(connection, build["marts"])
    versions = root / "versions"
    versions.mkdir(exist_ok=True)
    _remove_leftovers(root)

    generated_at = datetime.fromisoformat(build["metadata"]["generated_at"])
    invocation = build["metadata"]["invocation_id"]
    version = versions / f"{generated_at:%Y%m%dT%H%M%S}-{invocation[:8]}"
    if not version.exists():
        _write_version(connection, build, version)
    swap(current, version)
    _remove_old_versions(versions, keep=version)

    written = json.loads((version / "manifest.json").read_text())
    tables = written["tables"]
    click.echo(
        f"Published {len(tables)} marts as of {written['as_of_date']} to {current} "
        f"({sum(table['rows'] for table in tables):,} rows, "
        f"{sum(table['bytes'] for table in tables) / 1e6:,.1f} MB)."
    )


def link_to_newest(root: Path) -> Path:
    """Where the link to the newest version is, or will be; refuses what is no link."""
    current = root / "current"
    if current.exists() and not current.is_symlink():
        raise click.ClickException(
            f"`{current}` is in the way (it is no link to an earlier version): choose another "
            "directory, or remove it."
        )
    return current


def _write_version(connection: duckdb.DuckDBPyConnection, build: dict, version: Path) -> None:
    """All files of a version, in a folder that takes its name only when it is complete."""
    draft = version.with_name(f".{version.name}.draft")
    draft.mkdir()
    marts = sorted(build["marts"], key=lambda mart: mart["alias"])
    ((as_of_date,),) = connection.execute(
        "select as_of_date from intermediate.int_as_of_date"
    ).fetchall()
    manifest = {
        "version": version.name,
        "as_of_date": str(as_of_date),
        "generated_at": build["metadata"]["generated_at"],
        "invocation_id": build["metadata"]["invocation_id"],
        "dbt_version": build["metadata"]["dbt_version"],
        "tables": [_write_table(connection, mart, draft) for mart in marts],
    }
    (draft / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    draft.rename(version)


def _write_table(connection: duckdb.DuckDBPyConnection, mart: dict, folder: Path) -> dict:
    """One mart as a Parquet file, and its entry in the manifest."""
    name = mart["alias"]
    catalog = "state." if mart["database"] == "state" else ""
    relation = f'{catalog}marts."{name}"'
    file = folder / f"{name}.parquet"
    target = str(file).replace("'", "''")
    connection.execute(
        f"copy (select * from {relation}) to '{target}' (format parquet, compression zstd)"
    )
    ((rows,),) = connection.execute(f"select count(*) from {relation}").fetchall()
    described = connection.execute(f"describe {relation}").fetchall()
    documented = {key.lower(): column for key, column in mart["columns"].items()}
    return {
        "name": name,
        "description": mart["description"],
        "file": file.name,
        "rows": rows,
        **fingerprint(file),
        "columns": [
            {
                "name": column,
                "type": data_type,
                "description": documented.get(column.lower(), {}).get("description", ""),
            }
            for column, data_type, *_ in described
        ],
    }


def fingerprint(file: Path) -> dict:
    """What tells whether a file arrived whole."""
    with file.open("rb") as stream:
        checksum = hashlib.file_digest(stream, "sha256").hexdigest()
    return {"bytes": file.stat().st_size, "sha256": checksum}


def swap(current: Path, version: Path) -> None:
    """Points the link at a version, in one step."""
    draft = current.with_name(".current.draft")
    draft.unlink(missing_ok=True)
    draft.symlink_to(version.relative_to(current.parent))
    os.replace(draft, current)


def _remove_leftovers(root: Path) -> None:
    """What a publisher that died has left."""
    for draft in (root / "versions").glob(".*.draft"):
        shutil.rmtree(draft)


def _remove_old_versions(versions: Path, keep: Path) -> None:
    others = sorted(
        version
        for version in versions.iterdir()
        if VERSION.fullmatch(version.name) and version != keep
    )
    for version in others[: len(others) - (KEPT_VERSIONS - 1)]:
        shutil.rmtree(version)
