"""CPU time and memory of predicted customer lifetime value: fits, scores and back-test.

    PYTHONPATH=. python bench/lifetime_value.py --buyers 100000 --buyers 1000000

People buy as in the demo (`lifecycle.demo.buying`), three years long. Their purchases are put where
the models of `models/intermediate/value` read them, and dbt runs these and the marts: once, which
fits, and once more, which does not. The models' times are dbt's; CPU and memory are of the whole
process, less those of a run of the smallest model. Where `lifetimes` can be imported, its BG/NBD is
fitted to the same histories.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import click
import duckdb
import numpy as np
from rich.console import Console
from rich.table import Table

from lifecycle import buy_till_you_die
from lifecycle.demo import buying

PROJECT = Path(__file__).resolve().parents[1]
DAYS, START = 1096, np.datetime64("2023-07-01")
SMALLEST = ["int_value__cuts"]
ALL = [
    "path:models/intermediate/value,+customer_lifetime_value",
    "clv_model_fits",
    "clv_backtest",
    "customer_lifetime_value",
]
# What is read of a purchase; int_value__first_purchases is another's.
PURCHASES = """
create table intermediate.int_purchases as
select
    n as order_key, md5(cast(person as varchar)) as profile_id,
    cast(spend as decimal(18, 2)) as net_revenue,
    cast(0.4 * spend as decimal(18, 2)) as gross_margin,
    cast(? as date) + day as purchased_on
from drawn
"""


def draw(connection, buyers: int) -> None:
    """Purchases of so many people, as the project's tables of them and of the day."""
    rng = np.random.default_rng(1)
    acquired = buying.acquisition_days(rng, buyers, START, DAYS)
    person, day, *_ = buying.simulate_purchases(rng, acquired, DAYS)
    spend, _ = buying.simulate_spend(rng, person, buyers)
    columns = {
        "n": np.arange(len(person)),
        "person": person,
        "spend": spend,
        "day": np.floor(day).astype(np.int32),
    }
    connection.register("drawn", columns)
    connection.execute("create schema intermediate")
    connection.execute(PURCHASES, [str(START)])
    connection.execute("""
        create table intermediate.int_profiles as
        select distinct profile_id, false as is_test from intermediate.int_purchases
    """)
    connection.execute(
        "create table intermediate.int_as_of_date as select cast(? as date) as as_of_date",
        [str(START + DAYS - 1)],
    )


def run(home: Path, select: list[str]) -> tuple[float, float, dict[str, float]]:
    """CPU seconds and peak memory in GB of a run of dbt, and the seconds of each model."""
    environment = os.environ | {
        "DBT_PROFILES_DIR": str(PROJECT),
        "LIFECYCLE_RAW": str(home / "raw"),
        "LIFECYCLE_DB": str(home / "bench.duckdb"),
        "LIFECYCLE_STATE": str(home / "state.duckdb"),
        "LIFECYCLE_HASH_SALT": "demo",
    }
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "dbt.cli.main",
        "-q",
        "run",
        "--select",
        *select,
    ]
    command += ["--exclude", "int_value__first_purchases"]
    command += ["--target-path", str(home / "target"), "--log-path", str(home / "logs")]
    process = subprocess.Popen(command, cwd=PROJECT, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"dbt failed: see {home / 'logs'}")
    results = json.loads((home / "target" / "run_results.json").read_text())["results"]
    seconds = {row["unique_id"].split(".")[-1]: row["execution_time"] for row in results}
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 2**20, seconds


def histories(home: Path) -> dict[str, np.ndarray]:
    with duckdb.connect(str(home / "bench.duckdb"), read_only=True) as connection:
        return connection.execute("""
            select repeat_days, last_week, age_weeks
            from intermediate.int_value__summaries
            where sample = 'current'
        """).fetchnumpy()


def of_lifetimes(rows: dict[str, np.ndarray]) -> float:
    """CPU seconds of a fit of BG/NBD by `lifetimes`, and of what it predicts for a year."""
    from lifetimes import BetaGeoFitter

    before = time.process_time()
    columns = rows["repeat_days"], rows["last_week"], rows["age_weeks"]
    model = BetaGeoFitter().fit(*columns)
    model.conditional_probability_alive(*columns)
    model.conditional_expected_number_of_purchases_up_to_time(365 / 7, *columns)
    return time.process_time() - before


def of_ours(rows: dict[str, np.ndarray]) -> float:
    """CPU seconds of our fit of BG/NBD to the same histories."""
    before = time.process_time()
    people = np.ones(len(rows["repeat_days"]))
    columns = (np.asarray(rows[name], float) for name in ("repeat_days", "last_week", "age_weeks"))
    buy_till_you_die.fit_purchases("bg_nbd", *columns, people)
    return time.process_time() - before


@click.command()
@click.option("--buyers", type=int, multiple=True, default=(100_000, 1_000_000), show_default=True)
def main(buyers: tuple[int, ...]) -> None:
    """Print what predicted customer lifetime value costs."""
    console = Console(width=120)
    console.print("lifetimes: " + ("compared" if find_spec("lifetimes") else "not installed"))
    for count in buyers:
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder)
            (home / "raw" / "shop").mkdir(parents=True)
            (home / "raw" / "shop" / "orders.csv").write_text("order_id,ordered_at,total_amount\n")
            with duckdb.connect(str(home / "bench.duckdb")) as connection:
                draw(connection, count)
            run(home, SMALLEST)  # dbt parses the project once
            idle, _, _ = run(home, SMALLEST)
            table = Table(title=f"{count:,} buyers", title_justify="left")
            for column in ("run", "CPU s, dbt's own left out", "peak GB"):
                table.add_column(column)
            for name in ("fits", "keeps the fits"):
                cpu, memory, seconds = run(home, ALL)
                table.add_row(name, f"{cpu - idle:.1f}", f"{memory:.2f}")
            if find_spec("lifetimes"):
                rows = histories(home)
                table.add_row("our BG/NBD, the fit alone", f"{of_ours(rows):.1f}", "")
                table.add_row("its BG/NBD, fit and a year", f"{of_lifetimes(rows):.1f}", "")
            console.print(table)
            console.print({name: round(value, 2) for name, value in seconds.items()})


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
