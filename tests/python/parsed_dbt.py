"""dbt on a project that was parsed before: `python parsed_dbt.py <vars as JSON> <words of dbt>`.

dbt parses anew, for ten seconds, where a var or the place of a database is not that of last time.
What it reads of the project depends on neither, but for what `SHAPING` names.
"""

import json
import os
import shutil
import sys
from pathlib import Path
from unittest import mock

from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.constants import PARTIAL_PARSE_FILE_NAME
from filelock import FileLock

# Vars on which it depends what a model refers to. dbt fails if another one should come to.
SHAPING = {"rfm_yardstick"}
KEPT = Path("target", "tests")


def parse(project: Path, variables: dict):
    """The manifest of a project, kept in its `target/tests`: only what has changed is read."""
    shape = {name: value for name, value in variables.items() if name in SHAPING}
    kept = project / KEPT / ("_".join(map(str, shape.values())) or "default")
    kept.mkdir(parents=True, exist_ok=True)
    places = ["--target-path", str(kept), "--log-path", str(kept), "--project-dir", str(project)]
    settings = {"LIFECYCLE_DB": "warehouse.duckdb", "LIFECYCLE_STATE": "state.duckdb"}
    others = {name: value for name, value in os.environ.items() if "LIFECYCLE_" not in name}
    with FileLock(kept / "lock"), mock.patch.dict(os.environ, others | settings, clear=True):
        command = ["--quiet", "parse", "--no-write-json", "--vars", json.dumps(shape), *places]
        done = dbtRunner().invoke(command)
    if not done.success:
        raise done.exception
    return done.result


def copy_parsed(project: Path, copy: Path) -> None:
    """Of a copy of a project, only what differs from what was parsed last is read."""
    kept = project / KEPT / "default"
    kept.mkdir(parents=True, exist_ok=True)
    (copy / KEPT / "default").mkdir(parents=True)
    with FileLock(kept / "lock"):
        if (kept / PARTIAL_PARSE_FILE_NAME).exists():
            shutil.copy(kept / PARTIAL_PARSE_FILE_NAME, copy / KEPT / "default")


def run(project: Path, variables: dict, command: list[str]) -> dbtRunnerResult:
    """A dbt command, as dbt itself would run it once it has parsed the project.

    It writes no log: that takes a tenth of a small build. Few rows are no work for two threads of
    DuckDB either.
    """
    manifest = parse(project, variables)
    os.environ.setdefault("LIFECYCLE_ENGINE_THREADS", "1")
    options = ["--project-dir", str(project), "--vars", json.dumps(variables)]
    return dbtRunner(manifest).invoke([*command, *options, "--log-level-file", "none"])


if __name__ == "__main__":
    given, *words = sys.argv[1:]
    sys.exit(0 if run(Path.cwd(), json.loads(given), words).success else 1)
