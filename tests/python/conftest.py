"""Builds of the dbt project that several tests look at, each made once per run."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import duckdb
import pytest
import yaml
from filelock import FileLock

PROJECT = Path(__file__).resolve().parents[2]
PARSED_DBT = Path(__file__).with_name("parsed_dbt.py")
# A file is one worker's: if a long one came last, the others would wait for it.
LONGEST = ("test_incremental.py", "test_experiments.py", "test_identity.py", "test_staging.py")


def pytest_collection_modifyitems(items):
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(LONGEST)))


@dataclass(frozen=True)
class Build:
    """What one `dbt build` left behind."""

    home: Path
    returncode: int
    output: str

    @property
    def database(self) -> Path:
        return self.home / "warehouse.duckdb"

    @property
    def state(self) -> Path:
        return self.home / "state.duckdb"

    @cached_property
    def manifest(self) -> dict:
        return json.loads((self.home / "target" / "manifest.json").read_text())

    def query(self, sql: str) -> list[tuple]:
        with duckdb.connect(str(self.database), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def frame(self, sql: str):
        with duckdb.connect(str(self.database), read_only=True) as connection:
            return connection.execute(sql).df()


def settings(raw: Path, home: Path, project: Path = PROJECT) -> dict[str, str]:
    """The environment of a build of `raw` that leaves all it makes in `home`."""
    return {
        "DBT_PROFILES_DIR": str(project),
        "DBT_TARGET_PATH": str(home / "target"),
        "DBT_LOG_PATH": str(home / "logs"),
        "LIFECYCLE_RAW": str(raw),
        "LIFECYCLE_DB": str(home / "warehouse.duckdb"),
        "LIFECYCLE_STATE": str(home / "state.duckdb"),
        "LIFECYCLE_HASH_SALT": "demo",
    }


def dbt(command: list[str], raw: Path, home: Path, variables: dict | None = None, **others):
    """Runs dbt, parsed before, in a process of its own: it holds the database until it exits."""
    program = [str(PARSED_DBT), json.dumps(variables or {})]
    return run_dbt(program, command, raw, home, **others)


def run_dbt(
    program: list[str],
    command: list[str],
    raw: Path,
    home: Path,
    project: Path = PROJECT,
    **environment,
) -> Build:
    home.mkdir(parents=True, exist_ok=True)
    run = subprocess.run(
        [sys.executable, *program, "--no-use-colors", *command],
        cwd=project,
        env=os.environ | settings(raw, home, project) | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return Build(home, run.returncode, run.stdout + run.stderr)


def dbt_build(raw: Path, home: Path, variables: dict | None = None, **environment) -> Build:
    """The whole project on a raw directory, with its data tests: unit tests never change."""
    command = ["build", "--exclude-resource-type", "unit_test"]
    return dbt(command, raw, home, variables, **environment)


def lifecycle(*arguments: str) -> None:
    """Runs a command of the project as a user does."""
    subprocess.run([sys.executable, "-m", "lifecycle", *arguments], cwd=PROJECT, check=True)


def project_copy(home: Path) -> Path:
    """A copy of the dbt project in `home`, for builds between which its seeds change."""
    import parsed_dbt

    ignored = shutil.ignore_patterns("python", "__pycache__")
    for name in ("macros", "models", "seeds", "tests", "lifecycle", "analyses"):
        shutil.copytree(PROJECT / name, home / "project" / name, ignore=ignored)
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(PROJECT / name, home / "project" / name)
    parsed_dbt.copy_parsed(PROJECT, home / "project")
    return home / "project"


def breaking_copy(home: Path, macro: str, place: str, condition: str) -> Path:
    """A copy that stops behind a place of a macro, if BREAKS_OFF is set and a condition holds."""
    project = project_copy(home)
    text = (project / macro).read_text()
    assert place in text
    error = "{{ exceptions.raise_compiler_error('broken off') }}"
    stop = f"{{%- if env_var('BREAKS_OFF') and {condition} -%}}{error}{{%- endif -%}}"
    (project / macro).write_text(text.replace(place, place + stop))
    return project


def dbt_here(home: Path, project: Path = PROJECT):
    """A function that runs dbt commands in this process, one after another, on `home / "raw"`.

    It gives what failed. Databases are let go of after each command.
    """
    import parsed_dbt
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    os.environ |= settings(home / "raw", home, project)
    os.chdir(project)

    def run(command: str, *options: str, variables: dict | None = None) -> list[str]:
        words = [command, "--quiet", "--no-write-json", *options]
        done = parsed_dbt.run(project, variables or {}, words)
        DuckDBConnectionManager.close_all_connections()
        if done.success:
            return []
        failed = [r for r in done.result or [] if r.status not in ("success", "pass", "skipped")]
        return [f"{r.node.name}: {r.message}" for r in failed] or [str(done.exception)]

    return run


def texts_matching(connection, pattern: str) -> set[tuple[str, str, str]]:
    """Schema, table and text of whatever a pattern is found in, in `warehouse` and `state`."""
    columns = connection.execute(
        "select database_name, schema_name, table_name, column_name from duckdb_columns()"
        " where not internal and database_name in ('warehouse', 'state')"
    ).fetchall()
    assert len({table for _, _, table, _ in columns}) > 60
    found = set()
    for database, schema, table, column in columns:
        texts = connection.execute(
            f"select distinct cast({column} as varchar) from {database}.{schema}.{table}"
            f" where regexp_matches(cast({column} as varchar), ?)",
            [pattern],
        )
        found |= {(schema, table, text) for (text,) in texts.fetchall()}
    return found


def story_of(file: str, home: Path, *arguments: str) -> list[dict]:
    """What a test file, run as a script in a process of its own, printed of its builds."""
    run = subprocess.run(
        [sys.executable, str(Path(file).resolve()), str(home), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join([str(PROJECT), str(Path(__file__).parent)])},
    )
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-4000:]
    return [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]


@pytest.fixture(scope="session")
def shared(tmp_path_factory, worker_id):
    """A directory that all workers of a run share."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


def once(home: Path, make) -> Build:
    """The build in `home`, made by whichever worker comes first."""
    done = home / "build.json"
    home.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{home}.lock"):
        if not done.exists():
            build = make()
            done.write_text(json.dumps([build.returncode, build.output]))
    return Build(home, *json.loads(done.read_text()))


@pytest.fixture(scope="session")
def demo_raw(shared):
    """The raw directory of a small demo shop; its truth is beside it, in `demo_truth`."""
    raw = shared / "raw" / "demo"
    raw.parent.mkdir(exist_ok=True)
    with FileLock(f"{raw}.lock"):
        if not raw.exists():
            lifecycle("demo", "--out", str(raw), "--customers", "2000")
    return raw


@pytest.fixture(scope="session")
def demo(shared, demo_raw):
    """The whole project, unit tests included, built on the demo shop as a user builds it."""
    home = shared / "demo"
    program, command = ["-m", "dbt.cli.main"], ["build", "--warn-error"]
    build = once(home, lambda: run_dbt(program, command, demo_raw, home))
    assert build.returncode == 0, build.output
    return build


@pytest.fixture(scope="session")
def datasets():
    """The directory with the public data sets, where there is one."""
    directory = Path(os.environ.get("LIFECYCLE_DATASETS", PROJECT.parent / "shared" / "data"))
    if not directory.is_dir():
        pytest.skip("no public data sets: LIFECYCLE_DATASETS names no directory")
    return directory


@pytest.fixture(scope="session")
def dataset_build(shared, datasets):
    """A function from the name of a public data set to the project built on it."""

    def build(name: str) -> Build:
        raw, home = shared / "raw" / name, shared / name

        def make():
            lifecycle("dataset", name, "--out", str(raw), "--from", str(datasets / name))
            return dbt_build(raw, home, yaml.safe_load((raw / "vars.yml").read_text()))

        built = once(home, make)
        assert built.returncode == 0, built.output
        return built

    return build
