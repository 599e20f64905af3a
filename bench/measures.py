"""What things cost: commands, functions of a script in a process of their own, and runs of dbt.

CPU seconds are user and system of the process and all that it started. Each measure is of a new
process, so that memory is what one thing took.
"""

import json
import os
import platform
import re
import resource
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path

import duckdb
from statement_times import profiles_with, read_times

PROJECT = Path(__file__).resolve().parents[1]
SALT = "demo"
THREADS = 2


def measure(command: list, **settings) -> dict[str, float]:
    """CPU and wall seconds and peak GB of a command, which must succeed."""
    start = time.monotonic()
    process = subprocess.Popen([str(word) for word in command], cwd=PROJECT, **settings)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"failed ({process.returncode}): {' '.join(map(str, command))}")
    return {
        "cpu": usage.ru_utime + usage.ru_stime,
        "wall": time.monotonic() - start,
        "gb": usage.ru_maxrss / 2**20,
    }


def apart(function, *arguments):
    """What a function returns, in a new process: memory that others took is not its own."""
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=send, args=(sender, function, *arguments))
    process.start()
    sender.close()
    try:
        found = receiver.recv()
    except EOFError:
        process.join()
        raise SystemExit(f"{function.__name__} ended with {process.exitcode}") from None
    process.join()
    return found


def send(sender, function, *arguments) -> None:
    sender.send(function(*arguments))


@contextmanager
def timed(costs: dict, name: str):
    """Adds what happens inside to `costs`, as CPU seconds of this process."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    yield
    after = resource.getrusage(resource.RUSAGE_SELF)
    costs[name] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def peak_gb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def connect(path: Path, **settings):
    connection = duckdb.connect(str(path), config={"threads": THREADS}, **settings)
    connection.execute("set enable_progress_bar = false")
    return connection


def forget(home: Path, name: str) -> None:
    """Removes a warehouse and its state."""
    for file in (f"{name}.duckdb", f"{name}_state.duckdb"):
        for path in (home / file, home / f"{file}.wal"):
            path.unlink(missing_ok=True)


def dbt(
    home: Path,
    raw: Path,
    *words: str,
    name: str = "build",
    anew: bool = False,
    profiled: bool = False,
) -> dict:
    """Costs of one run of dbt on the warehouse `name`, with the seconds of each model.

    If it is `profiled`, also of its statements, by DuckDB itself.
    """
    environment = os.environ | {
        "DBT_PROFILES_DIR": str(PROJECT),
        "LIFECYCLE_RAW": str(raw),
        "LIFECYCLE_DB": str(home / f"{name}.duckdb"),
        "LIFECYCLE_STATE": str(home / f"{name}_state.duckdb"),
        "LIFECYCLE_HASH_SALT": SALT,
    }
    target, logs = home / "target" / name, home / "logs"
    if anew:
        shutil.rmtree(target, ignore_errors=True)
        forget(home, name)
    if profiled:
        profiles, times = home / "profiles", home / "times"
        shutil.rmtree(times, ignore_errors=True)
        profiles_with(PROJECT / "profiles.yml", profiles)
        environment |= {
            "DBT_PROFILES_DIR": str(profiles),
            "PYTHONPATH": str(Path(__file__).parent),
            "STATEMENT_TIMES": str(times),
        }
    command = [sys.executable, "-W", "ignore", "-m", "dbt.cli.main", "-q", *words]
    command += ["--vars", (raw / "vars.yml").read_text() if (raw / "vars.yml").exists() else "{}"]
    command += ["--target-path", target, "--log-path", logs]
    cost = measure(command, env=environment, stdout=subprocess.DEVNULL)
    if profiled:
        cost["profile"] = read_times(times)
    if words[0] == "build" and (target / "run_results.json").exists():
        results = json.loads((target / "run_results.json").read_text())["results"]
        cost["models"] = {
            row["unique_id"].split(".", 2)[2]: row["execution_time"]
            for row in results
            if row["unique_id"].startswith(("model.", "seed."))
        }
    return cost


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    model = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    names = ["dbt-core", "dbt-duckdb", "duckdb", "numpy", "scipy", "pandas"]
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return (
        f"{os.cpu_count()} cores ({model[1] if model else platform.machine()}), {memory:.0f} GB,"
        f" load {os.getloadavg()[2]:.1f}; {THREADS} DuckDB threads; Python"
        f" {platform.python_version()}, {versions}."
    )
