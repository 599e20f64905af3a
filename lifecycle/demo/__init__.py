"""`python -m lifecycle demo`: the raw data of a made-up shop, and the truth about it.

A shop for coffee and tea sells online and at tills. NumPy draws how people buy (`buying`); the rest
of the world (`*.sql`, run in DuckDB) is a function of the seed and of each row's number. So a seed
gives the same tables whatever the number of threads. Nothing reads the clock.

The truth, which no model reads, is beside the raw directory: `people` (how each of them buys),
`identifiers` (every value as it is written, and whose it is), `orders` (whose, and what became of
them), `parameters` (of `buying.Process`), `experiments` (true effects) and `broken_records`.
"""

import json
import os
import shutil
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

import click
import duckdb
import numpy as np
from tqdm import tqdm

from lifecycle import contract
from lifecycle.demo import buying
from lifecycle.demo.broken import broken_records

HERE = Path(__file__).parent
WORLD = ("world", "shop", "pos", "messaging", "web", "other", "truth")
MARKER = ".lifecycle-demo"
# The vars to build it with: most of the numbers that are written without a country are German.
VARIABLES = "default_country: DE\n"
IDENTIFIERS = ("customer_id", "email", "phone", "loyalty_card_id", "anonymous_id")
# Tables that come as CSV, and those that come in parts: a year or a quarter of arrivals each.
AS_CSV = {
    "ads.spend",
    "finance.exchange_rates",
    "messaging.consents",
    "shop.products",
    "shop.refunds",
    "survey.nps_responses",
}
IN_PARTS = {"messaging.consents": 12, "shop.orders": 12, "web.events": 3}
# One more part, all text, as of a shop that changed its export: it can hold what does not cast.
TEXT_AT_LAST, TEXT_PART = "shop.orders", timedelta(days=30)
FORMATS = {
    "csv": "format csv, header",
    # Row groups of 50 of DuckDB's vectors, about 100,000 rows.
    "parquet": "format parquet, compression zstd, row_group_size 102400",
}


@click.command(context_settings={"show_default": True})
@click.option("--out", default="raw", help="Raw directory to make; beside it `<out>_truth`.")
@click.option("--customers", default=5000, type=click.IntRange(min=100), help="People who buy.")
@click.option("--seed", default=1, type=click.IntRange(min=0), help="Same seed, same data.")
@click.option("--start", default="2023-07-01", type=click.DateTime(["%Y-%m-%d"]), help="First day.")
@click.option("--days", default=1096, type=click.IntRange(min=180), help="Length of the history.")
@click.option(
    "--events-per-order",
    default=10.0,
    type=click.FloatRange(min=0),
    help="Web events per online order, about: visits without an order make up the number.",
)
@click.option(
    "--shift-day",
    type=click.IntRange(min=1),
    help="A share of all buyers stops buying on this day of the history. Without it nobody does.",
)
@click.option("--shift-share", default=0.5, type=click.FloatRange(0, 1), help="That share.")
def demo(**settings):
    """Make the raw data of a demo shop, and the truth about it."""
    make(**settings)


def make(
    out,
    customers=5000,
    seed=1,
    start=datetime(2023, 7, 1),
    days=1096,
    events_per_order=10.0,
    shift_day=None,
    shift_share=0.5,
    threads=None,
):
    """Writes the raw directory `out` and `<out>_truth`, each replaced as a whole at the end."""
    out = Path(out).resolve()
    end = start + timedelta(days=days)
    settings = {
        "customers": customers,
        "seed": seed,
        "start": start,
        "days": days,
        "events_per_order": events_per_order,
    }
    shift = {"shift_day": shift_day, "shift_share": shift_share} if shift_day else {}
    parts = {name: part_starts(name, start, end) for name in contract.tables()}
    config = {
        "memory_limit": "2GB",
        "temp_directory": str(out.with_name(f".{out.name}.spill")),
        # On little data a second thread costs more than it brings.
        "threads": threads or (1 if customers < 20_000 else os.cpu_count()),
    }
    with (
        replaced_as_a_whole(out, settings | shift) as raw,
        replaced_as_a_whole(out.with_name(f"{out.name}_truth"), settings | shift) as truth,
        duckdb.connect(config=config) as warehouse,
        tqdm(total=len(WORLD) + sum(map(len, parts.values())), desc="demo") as progress,
    ):
        (raw / "vars.yml").write_text(VARIABLES)
        for schema in {table.source for table in contract.tables().values()} | {"truth"}:
            warehouse.execute(f"create schema {schema}")
        drawn, variables = draw_buyers(seed, customers, start, days, **shift)
        for name, value in (settings | {"end": end} | variables).items():
            # Literals: the first bound parameter would make duckdb import pandas.
            literal = f"timestamp '{value}'" if isinstance(value, datetime) else value
            warehouse.execute(f'set variable "{name}" = {literal}')
        for name, columns in drawn.items():
            warehouse.register(name, columns)
        for name in WORLD:
            warehouse.execute((HERE / f"{name}.sql").read_text())
            progress.update()
        for name, table in contract.tables().items():
            for _ in write_table(warehouse, table, raw, parts[name]):
                progress.update()
        warehouse.execute(
            "create table truth.identifiers as select distinct * from written_identifiers"
        )
        for (name,) in warehouse.execute(
            "select table_name from duckdb_tables() where schema_name = 'truth'"
        ).fetchall():
            write(warehouse, f"from truth.{name} order by all", truth / name)


def draw_buyers(seed, customers, start, days, shift_day=None, shift_share=0.5):
    """The columns of people, purchases and parameters, and the numbers that the SQL needs."""
    # Each topic has draws of its own: another topic is added at the end.
    topics = ("acquisition", "purchases", "spend", "channels", "arms", "others", "shift")
    streams = np.random.SeedSequence(seed).spawn(len(topics))
    rng = {topic: np.random.default_rng(s) for topic, s in zip(topics, streams, strict=True)}

    acquired = buying.acquisition_days(rng["acquisition"], customers, start, days)
    experiment = buying.Experiment(start=days * 13 // 20)
    arm = rng["arms"].choice(["control", "voucher"], customers)
    arm[acquired >= experiment.start] = ""
    calendar, operational = experiment.clock(days)
    treated = arm == "voucher"
    person, day, rate, dropout, left = buying.simulate_purchases(
        rng["purchases"], acquired, np.where(treated, operational[-1], days)
    )
    day = np.where(treated[person], np.interp(day, operational, calendar), day)
    left = np.where(treated, np.interp(left, operational, calendar), left)
    spend, mean_spend = buying.simulate_spend(rng["spend"], person, customers)
    stays = np.full(len(person), True)
    if shift_day is not None:
        stops = (rng["shift"].random(customers) < shift_share) & (acquired < shift_day)
        stays = ~(stops[person] & (day >= shift_day))
        left = np.where(stops & ~(left < shift_day), shift_day, left)
    expected = np.where(np.isnan(left), buying.expected_purchases(rate, dropout, 365), 0)
    # Those who buy online only, at tills only, and at both.
    online_share = rng["channels"].choice([1, 0, 0.5], customers, p=[0.6, 0.12, 0.28])

    outsiders = {"registered": customers // 4, "visitor": customers}
    others = outsiders | {"staff": max(3, customers // 1000)}
    joined = [buying.acquisition_days(rng["others"], n, start, days) for n in others.values()]

    def with_others(values, filler=np.nan):
        return np.concatenate([values, np.full(sum(others.values()), filler)])

    drawn = {
        "drawn_people": {
            "person": np.arange(customers + sum(others.values())),
            "kind": np.repeat(["buyer", *others], [customers, *others.values()]).astype(object),
            "joined": buying.by_day_time(np.concatenate([acquired, *joined])),
            "left_day": with_others(buying.by_day_time(left)),
            "purchase_rate_per_week": with_others(rate),
            "dropout_probability": with_others(dropout),
            "mean_spend": with_others(mean_spend),
            "expected_purchases_365_days": with_others(expected),
            "online_share": with_others(online_share, 1),
            "arm": with_others(arm, "").astype(object),
        },
        "drawn_purchases": {
            # Numbered before some are taken out: the draws of the others stay as they were.
            "purchase": np.arange(len(person))[stays],
            "person": person[stays],
            "day": buying.by_day_time(day)[stays],
            "spend": spend[stays],
        },
        "drawn_parameters": {
            "name": np.array([*asdict(buying.PROCESS)], dtype=object),
            "value": np.array([*asdict(buying.PROCESS).values()]),
        },
    }
    return drawn, {
        "buyers": customers,
        "purchases": len(person),
        "outsiders": sum(outsiders.values()),
        "erasures": max(2, customers // 1000),
        "experiment_day": experiment.start,
        "experiment_length": experiment.length,
        "multiplier": experiment.multiplier,
    }


def part_starts(name, start, end):
    """From when on the parts of a table hold what arrives; a table in one file has one."""
    if name not in IN_PARTS:
        return [datetime.min]
    month = np.arange(np.datetime64(start, "M") + 1, np.datetime64(end, "D"), dtype="datetime64[M]")
    turns = month[month.astype(int) % IN_PARTS[name] == 0].astype("datetime64[s]").tolist()
    if name == TEXT_AT_LAST:
        turns = [turn for turn in turns if turn < end - TEXT_PART] + [end - TEXT_PART]
    return [start, *turns]


def write_table(warehouse, table, raw, starts):
    """Writes a table of the contract with its broken records, and notes the truth about both.

    Yields after every file.
    """
    name = f"{table.source}.{table.name}"
    suffix = "csv" if name in AS_CSV else "parquet"
    columns = {column.name: column.data_type for column in table.columns}
    columns["_loaded_at"] = "timestamp"
    typed = ", ".join(f"cast({column} as {kind}) as {column}" for column, kind in columns.items())
    text = ", ".join(f"cast({column} as varchar) as {column}" for column in columns)
    identifiers = ", ".join(column for column in columns if column in IDENTIFIERS)

    warehouse.execute(f"create or replace temp table broken as {broken_records(table, starts[-1])}")
    warehouse.execute(f"""
        insert into truth.broken_records
        select '{name}', concat_ws('|', {", ".join(table.key)}), kind from broken""")
    for since, until in zip(starts, [*starts[1:], datetime.max], strict=True):
        part = f"(from {name} where _loaded_at >= '{since}' and _loaded_at < '{until}')"
        if name == "web.events":
            # Made part by part: there may be more of them than fit in memory.
            made = f"from web.new_events('{since}', '{until}')"
            warehouse.execute(f"create or replace temp table part as {made}")
            part = "part"
        if identifiers:
            warehouse.execute(f"""
                insert into written_identifiers
                select distinct identifier_type, value, 'person-' || person
                from (
                    unpivot (select person, {identifiers} from {part})
                    on {identifiers} into name identifier_type value value
                )
                where person is not null""")
        is_last = until == datetime.max
        shown = text if suffix == "csv" or (name == TEXT_AT_LAST and is_last) else typed
        query = f"select {shown} from (select {typed} from {part})"
        if is_last:
            query += f" union all select {shown} from broken"
        path = raw / table.source / table.name
        path = path / f"{since:%Y-%m-%d}" if name in IN_PARTS else path
        write(warehouse, f"{query} order by _loaded_at, {', '.join(table.key)}", path, suffix)
        yield
    warehouse.execute(f"drop table {name}")


def write(warehouse, query, path, suffix="parquet"):
    path.parent.mkdir(parents=True, exist_ok=True)
    target = f"{path}.{suffix}".replace("'", "''")
    warehouse.execute(f"copy ({query}) to '{target}' ({FORMATS[suffix]})")


@contextmanager
def replaced_as_a_whole(directory, settings):
    """Gives an empty directory that takes the place of `directory` when all went well.

    Refuses to replace anything that this command did not make: its marker tells.
    """
    is_ours = (directory / MARKER).is_file()
    if directory.exists() and not is_ours and not is_empty(directory):
        raise click.ClickException(
            f"{directory} was not made by this command and is not empty: remove it, or choose"
            " another --out."
        )
    new, old = (directory.with_name(f".{directory.name}.{state}") for state in ("new", "old"))
    for leftover in (new, old):
        shutil.rmtree(leftover, ignore_errors=True)
    new.mkdir(parents=True)
    try:
        yield new
        (new / MARKER).write_text(json.dumps(settings, default=str) + "\n")
        if directory.exists():
            directory.rename(old)
        new.rename(directory)
    finally:
        for leftover in (new, old):
            shutil.rmtree(leftover, ignore_errors=True)


def is_empty(directory):
    return directory.is_dir() and not any(directory.iterdir())
