"""The RFM summary of each buyer, as models of predicted CLV want it: ours, and that of others."""

import json
import math
import shutil
import sys
import time
from contextlib import contextmanager
from datetime import date
from importlib.util import find_spec
from pathlib import Path

from measures import PROJECT, apart, connect, dbt, machine, peak_gb, timed

PLAIN = Path(__file__).with_name("plain")
SUMMARIES = ("int_value__histories", "int_value__summaries")
METRICS = ("int_rfm__metrics",)
# What the models of metrics read beside the purchases: nothing was sent back, and nobody is staff.
OTHERS = """
create table intermediate.int_purchases__versions as
select *, purchased_on as seen_on, cast(null as date) as next_seen_on
from intermediate.int_purchases;
create table intermediate.int_orders__placed as
select purchased_on as ordered_on from intermediate.int_purchases;
"""
FRAME = """
select profile_id, purchased_on::timestamp as purchased_on, gross_margin::double as margin
from intermediate.int_purchases
"""
SUMS = "count(*), sum(repeat_days), sum(7 * last_week), sum(7 * age_weeks), sum(mean_repeat_margin)"


@contextmanager
def taken(costs: dict):
    """Adds CPU and wall seconds of what happens inside to `costs`."""
    start = time.monotonic()
    with timed(costs, "cpu"):
        yield
    costs["wall"] = time.monotonic() - start


def draw_purchases(path: Path, buyers: int) -> None:
    """Purchases of so many people, where the models read them."""
    sys.path.insert(0, str(PROJECT))
    from lifetime_value import draw

    with connect(path) as connection:
        draw(connection, buyers)
        connection.execute(OTHERS)


def compiled(home: Path) -> dict[str, str]:
    """The SQL that dbt runs, by model: taken from a run of it, which makes the tables once."""
    raw = home / "raw"
    (raw / "shop").mkdir(parents=True)
    (raw / "shop" / "orders.csv").write_text("order_id,ordered_at,total_amount\n")
    helpers = ("int_periods", "int_calendar", "int_value__cuts")
    dbt(home, raw, "run", "--select", *helpers, *SUMMARIES, *METRICS)
    nodes = json.loads((home / "target" / "build" / "manifest.json").read_text())["nodes"]
    return {name: nodes[f"model.lifecycle.{name}"]["compiled_code"] for name in SUMMARIES + METRICS}


def by_models(path: Path, models: dict[str, str]) -> dict:
    """Costs of the tables of these models, made anew out of others of the file."""
    costs = {}
    with connect(path) as connection, taken(costs):
        for name, sql in models.items():
            if name == SUMMARIES[-1]:
                # A view: what it shows of today is written, as the other ways leave it.
                connection.execute(
                    "create or replace table our_summaries as"
                    f" select * from ({sql}) as summaries where sample = 'current'"
                )
            else:
                connection.execute(f"create or replace table intermediate.{name} as {sql}")
    costs["gb"] = peak_gb()
    if SUMMARIES[-1] in models:
        with connect(path, read_only=True) as connection:
            costs["sums"] = connection.execute(f"select {SUMS} from our_summaries").fetchone()
    return costs


def by_plain_sql(path: Path) -> dict:
    """Costs of one statement for the summaries, and sums to compare them by."""
    costs, sql = {}, plain_summary()
    with connect(path) as connection:
        with taken(costs):
            connection.execute(sql)
        costs["gb"] = peak_gb()
        costs["sums"] = connection.execute(f"select {SUMS} from plain_summaries").fetchone()
    return costs


def by_data_frame(path: Path, way: str) -> dict:
    """Costs of the same in memory: the data frame is there before, and its result stays there."""
    costs = {}
    with connect(path, read_only=True) as connection:
        frame = connection.execute(FRAME).df()
        (end,) = connection.execute("select as_of_date from intermediate.int_as_of_date").fetchone()
    summary = by_lifetimes if way == "lifetimes" else by_pandas
    with taken(costs):
        found = summary(frame, end)
    money = found["monetary_value"][found["frequency"] > 0]
    days = (found[column].sum() for column in ("frequency", "recency", "T"))
    return costs | {"gb": peak_gb(), "sums": (len(found), *days, money.sum())}


def plain_summary() -> str:
    """The last statement of the plain SQL, on the purchases drawn."""
    sql = (PLAIN / "7_value.sql").read_text()
    sql = sql[sql.index("create table btyd_summaries") :]
    for this, that in {
        "create table btyd_summaries": "create or replace table plain_summaries",
        "from purchases\n    where next_seen_on is null": "from intermediate.int_purchases",
        "select day from as_of": "select as_of_date from intermediate.int_as_of_date",
    }.items():
        if this not in sql:
            raise SystemExit(f"bench/plain/7_value.sql has no `{this}` any more")
        sql = sql.replace(this, that)
    return sql


def by_lifetimes(frame, end):
    from lifetimes.utils import summary_data_from_transaction_data

    return summary_data_from_transaction_data(
        frame, "profile_id", "purchased_on", "margin", observation_period_end=end
    )


def by_pandas(frame, end):
    """The same as a good analyst would write it, without a function call per buyer."""
    import pandas as pd

    days = frame.groupby(["profile_id", "purchased_on"], as_index=False, sort=False)["margin"].sum()
    buyers = days.groupby("profile_id", sort=False).agg(
        first=("purchased_on", "min"),
        last=("purchased_on", "max"),
        days=("purchased_on", "size"),
        margin=("margin", "sum"),
    )
    is_first = days["purchased_on"] == days["profile_id"].map(buyers["first"])
    first_margin = days[is_first].set_index("profile_id")["margin"]
    repeats = buyers["days"] - 1
    return pd.DataFrame(
        {
            "frequency": repeats,
            "recency": (buyers["last"] - buyers["first"]).dt.days,
            "T": (pd.Timestamp(end) - buyers["first"]).dt.days,
            "monetary_value": (buyers["margin"] - first_margin) / repeats.where(repeats > 0),
        }
    )


def summaries(home: Path, buyers: int) -> dict[str, dict]:
    """All ways to the summaries of so many buyers."""
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    path = home / "build.duckdb"
    apart(draw_purchases, path, buyers)
    models = compiled(home)
    found = {
        "ours": apart(by_models, path, {name: models[name] for name in SUMMARIES}),
        "ours, the last model of them": apart(
            by_models, path, {SUMMARIES[-1]: models[SUMMARIES[-1]]}
        ),
        "ours, recency, frequency and value of scores": apart(
            by_models, path, {name: models[name] for name in METRICS}
        ),
        "plain SQL": apart(by_plain_sql, path),
        "pandas": apart(by_data_frame, path, "pandas"),
    }
    if find_spec("lifetimes"):
        found["lifetimes"] = apart(by_data_frame, path, "lifetimes")
    for way, cost in found.items():
        sums = zip(found["ours"]["sums"], cost.get("sums", found["ours"]["sums"]), strict=True)
        if any(not math.isclose(float(a), float(b), rel_tol=1e-6) for a, b in sums):
            raise SystemExit(
                f"summaries differ: ours {found['ours']['sums']}, {way} {cost['sums']}"
            )
    return found


def report_summaries(buyers: int, found: dict[str, dict]) -> str:
    """The ways to the summaries as Markdown."""
    lines = [
        f"### RFM summary of {buyers:,} buyers",
        "",
        f"{date.today().isoformat()}. {machine()}",
        "",
        "| way | CPU s | to ours | wall s | to ours | peak GB |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {way} | {cost['cpu']:.2f} | {cost['cpu'] / found['ours']['cpu']:.2f}x"
        f" | {cost['wall']:.2f} | {cost['wall'] / found['ours']['wall']:.2f}x | {cost['gb']:.2f} |"
        for way, cost in found.items()
    ]
    lines += [
        "",
        "`ours` is the compiled SQL of `" + "`, `".join(SUMMARIES) + "`, the first of",
        "which has what the back-test needs and everybody's usual gap as well; the second is a",
        "view, and what it shows of today is written. `plain SQL` is the last statement of",
        "`bench/plain/7_value.sql`. All find the same summaries. What scores are made of is",
        f"`{METRICS[0]}`, another table. SQL reads a table of a file and writes one; the data",
        "frame of the others is in memory before, and so is their result.",
    ]
    if "lifetimes" not in found:
        lines.append("`lifetimes` could not be imported.")
    return "\n".join(lines) + "\n"
