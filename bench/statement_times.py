"""DuckDB's own profile of every statement of a run of dbt.

dbt-duckdb loads this file as a plugin if the profile names it (`profiles_with`). Latency is what a
statement took from its text to its result, two threads of dbt beside each other; CPU is what its
operators worked, in all threads: planning, commits and checkpoints are not in it.
"""

import csv
import json
import os
import re
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from dbt.adapters.duckdb.plugins import BasePlugin

METRICS = {"LATENCY": "true", "CPU_TIME": "true"}
ENTRY = re.compile(r"\{'metric': (LATENCY|CPU_TIME), 'value': ([\d.e+-]+)\}")


class Times(NamedTuple):
    statements: int
    latency: float
    cpu: float


class Plugin(BasePlugin):
    def configure_connection(self, conn) -> None:
        conn.execute(
            "call enable_logging('Metrics', storage = 'file',"
            f" storage_config = {{'path': '{os.environ['STATEMENT_TIMES']}'}})"
        )

    def configure_cursor(self, cursor) -> None:
        cursor.execute("set enable_profiling = 'no_output'")
        cursor.execute(f"pragma custom_profiling_settings = '{json.dumps(METRICS)}'")


def profiles_with(profiles: Path, out: Path) -> None:
    """Writes the project's `profiles.yml` anew, with this plugin."""
    text = profiles.read_text()
    if "plugins: [" not in text:
        raise SystemExit(f"{profiles} names no plugins: nowhere to add this one")
    out.mkdir(parents=True, exist_ok=True)
    named = text.replace("plugins: [", f"plugins: [{{module: {Path(__file__).stem}}}, ")
    (out / profiles.name).write_text(named)


def read_times(log: Path) -> Times:
    """What all statements took together, in seconds."""
    sums, statements = defaultdict(float), 0
    with (log / "duckdb_log_entries.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if found := ENTRY.fullmatch(row["message"]):
                sums[found[1]] += float(found[2])
                statements += found[1] == "LATENCY"
    return Times(statements, sums["LATENCY"], sums["CPU_TIME"])
