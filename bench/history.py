"""CPU time and memory of the history of segments, against plain DuckDB SQL for the same table.

    python bench/history.py --buyers 100000 --buyers 1000000

People, purchases and visits are made with a fixed seed: ten orders per buyer over 24 months, one in
fourteen of them sent back in part. dbt builds the models of history on them. Then, in a process of
its own each, their compiled SQL runs again, and the plain SQL of this file, which makes the rows of
`segment_membership` the straight way; both tables are compared row by row.
"""

import json
import math
import os
import resource
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import click
import duckdb
from rich.console import Console
from rich.table import Table

PROJECT = Path(__file__).resolve().parents[1]
THREADS = 2
FIRST, LAST = "2024-01-01", "2025-12-31"
MODELS = ("touched", "steps", "standings", "recomputed", "restatements", "spans")
SELECT = [
    "int_periods",
    "int_calendar",
    "int_rfm__metrics+,+segment_membership",
    "int_segments__map+,+segment_membership",
]

# Buyers and half as many people who buy nothing. `u` is a number between 0 and 1.
MADE = """
create schema intermediate;
create macro u(id, salt) as (hash(id, salt) >> 11) / power(2, 53);
create table people as
select
    person,
    md5(person::varchar) as profile_id,
    date '{first}' + (730 * pow(u(person, 'joined'), 0.7))::integer as joined_on,
    person < {buyers} as is_buyer
from range({buyers} * 3 // 2) as numbers (person);
create table orders as
select
    profile_id,
    md5(person || ':' || n) as order_key,
    least(
        joined_on + (
            (date '{last}' - joined_on) * u(n * 7919 + person, 'day') * u(person, 'left')
        )::integer,
        date '{last}'
    ) as ordered_on,
    (5 + 195 * pow(u(n * 104729 + person, 'amount'), 3))::decimal(18, 2) as net_revenue,
    u(n * 31 + person, 'back') < 0.07 as is_sent_back,
    (1 + 40 * u(n * 37 + person, 'when'))::integer as after_days
from people
inner join range(1000) as numbers (n) on n < 1 - 9 * ln(1 - u(person, 'orders'))
where is_buyer;
create table intermediate.int_purchases__versions as
select
    order_key, profile_id, net_revenue, net_revenue * 0 + 1 as gross_margin,
    ordered_on as purchased_on, ordered_on as seen_on,
    case
        when is_sent_back and ordered_on + after_days <= date '{last}' then ordered_on + after_days
    end as next_seen_on
from orders
union all
select
    order_key, profile_id, round(net_revenue / 2, 2), 1, ordered_on, ordered_on + after_days, null
from orders
where is_sent_back and ordered_on + after_days <= date '{last}';
create table intermediate.int_purchases__touched as
from intermediate.int_purchases__versions limit 0;
create table intermediate.int_orders__placed as select ordered_on from orders;
create table intermediate.int_as_of_date as select date '{last}' as as_of_date;
create table intermediate.int_profiles as
select
    profile_id, u(person, 'staff') < 0.001 as is_test, joined_on as first_seen_on,
    case when u(person, 'contact') < 0.7 then joined_on end as contact_known_on
from people;
create table intermediate.int_profiles__active_spans as
select
    profile_id, hash(hash(profile_id)) as profile_number, activity, active_from,
    (active_from + days)::date as active_until
from (
    select
        profile_id, joined_on + (200 * n)::integer as active_from,
        unnest(['engaged', 'visitor']) as activity, unnest([89, 199])::integer as days
    from people
    inner join range(4) as numbers (n) on n < 4 * u(person, 'visits')
)
where active_from <= date '{last}';
"""

PLAIN = """
create table plain as
with

versions as (
    from intermediate.int_purchases__versions
    semi join (from intermediate.int_profiles where not is_test) using (profile_id)
),

changes as (
    select profile_id, unnest([seen_on, next_seen_on]) as changed_on from versions
),

steps as (
    select distinct profile_id, period_number, period_end
    from changes
    inner join intermediate.int_calendar on changed_on = calendar_day
),

lasting as (
    select
        *,
        lead(period_number, 1, 9999) over (
            partition by profile_id order by period_number
        ) as next_number
    from steps
),

seen as (
    select
        lasting.*, net_revenue, purchased_on,
        max(purchased_on) over (partition by lasting.profile_id, period_number) as last_on
    from lasting
    inner join versions
        on
            lasting.profile_id = versions.profile_id and period_end >= seen_on
            and period_end < coalesce(next_seen_on, date '9999-01-01')
),

metrics as (
    select
        profile_id, period_number, next_number, last_on, count(*) as lifetime,
        count(*) filter (purchased_on > last_on - 730) as orders,
        sum(net_revenue) filter (purchased_on > last_on - 730)::decimal(18, 2) as revenue
    from seen
    group by all
),

ends as (
    select p.period_number, p.period_end, is_current, y.* exclude (period_end)
    from intermediate.int_periods as p
    inner join intermediate.int_rfm__yardsticks as y using (period_end)
),

active as (
    select
        profile_id, period_number, bool_or(activity = 'engaged') as engaged,
        bool_or(activity = 'visitor') as visitor
    from intermediate.int_profiles__active_spans
    inner join ends on period_end between active_from and active_until
    group by all
),

buyers as (
    select
        m.profile_id, e.period_number, e.period_end, last_on, lifetime, orders, revenue,
        last_on > e.period_end - 1095 as in_base,
        last_on - e.period_end as newness,
        1 + (newness > recency_cut_1)::int + (newness > recency_cut_2)::int
        + (newness > recency_cut_3)::int + (newness > recency_cut_4)::int as r,
        1 + (orders > frequency_cut_1)::int + (orders > frequency_cut_2)::int
        + (orders > frequency_cut_3)::int + (orders > frequency_cut_4)::int as f,
        1 + (revenue > monetary_cut_1)::int + (revenue > monetary_cut_2)::int
        + (revenue > monetary_cut_3)::int + (revenue > monetary_cut_4)::int as m
    from metrics as m
    inner join ends as e on e.period_number >= m.period_number and e.period_number < m.next_number
),

known as (
    select profile_id, is_test, contact_known_on, period_number, period_end, is_current
    from intermediate.int_profiles
    inner join ends on first_seen_on <= period_end
),

placed as (
    select
        k.profile_id, k.period_number, k.period_end, k.is_current,
        coalesce(a.engaged, false) as engaged, case when in_base then r end as r,
        case when in_base then f end as f, case when in_base then m end as m,
        last_on, lifetime, orders, revenue,
        case
            when in_base then null
            when lifetime is not null then 'last purchase is too long ago'
            when k.is_test then 'test account'
            when contact_known_on <= k.period_end or a.visitor then null
            else 'no purchase, no address and no recent visit'
        end as reason,
        case when lifetime is null and reason is null
            then if(coalesce(contact_known_on <= k.period_end, false), 'loyal_visitors', 'visitors')
        end as visiting
    from known as k
    left join buyers as b on k.profile_id = b.profile_id and k.period_number = b.period_number
    left join active as a on k.profile_id = a.profile_id and k.period_number = a.period_number
),

mapped as (
    select placed.*, coalesce(visiting, map.segment) as segment
    from placed
    left join intermediate.int_segments__map as map
        on
            r = recency_score and f = frequency_score and m = monetary_score
            and (lifetime = 1) = is_one_purchase and engaged = is_engaged
),

followed as (
    select *, lag(segment) over (partition by profile_id order by period_number) as previous_segment
    from mapped
),

stays as (
    select
        *,
        max(case when segment is distinct from previous_segment then period_end end) over (
            partition by profile_id order by period_number
        ) as entered
    from followed
)

select
    profile_id, segment, previous_segment, reason as out_of_base_reason, r as recency_score,
    f as frequency_score, m as monetary_score, period_end - last_on as recency_days,
    orders as order_count, revenue as net_revenue, lifetime as lifetime_order_count,
    engaged as is_engaged, period_end, case when segment is not null then entered end as entered_on
from stays
where segment is not null or previous_segment is not null or is_current
"""


def make(home: Path, buyers: int):
    """The warehouse, its history built by dbt; gives the compiled SQL of the models of history."""
    with duckdb.connect(str(home / "history.duckdb"), config={"threads": THREADS}) as connection:
        connection.execute(MADE.format(buyers=buyers, first=FIRST, last=LAST))
    environment = os.environ | {
        "DBT_PROFILES_DIR": str(PROJECT),
        "LIFECYCLE_DB": str(home / "history.duckdb"),
        "LIFECYCLE_STATE": str(home / "state.duckdb"),
        "LIFECYCLE_RAW": str(home / "none"),
        "LIFECYCLE_HASH_SALT": "demo",
    }
    (home / "none" / "shop").mkdir(parents=True)
    (home / "none" / "shop" / "orders.csv").write_text("order_id,ordered_at,total_amount\n")
    target = ["--target-path", str(home / "target"), "--log-path", str(home), "--quiet"]
    for command in (["seed"], ["run", "--select", *SELECT]):
        dbt = [sys.executable, "-m", "dbt.cli.main", *command, *target]
        subprocess.run(dbt, cwd=PROJECT, env=environment, check=True)
    nodes = json.loads((home / "target" / "manifest.json").read_text())["nodes"]
    return [
        (name, nodes[f"model.lifecycle.int_segments__{name}"]["compiled_code"]) for name in MODELS
    ]


def run(home: Path, way: str):
    """One way, in this process: prints CPU seconds, peak GB and rows."""
    connection = duckdb.connect(str(home / "history.duckdb"), config={"threads": THREADS})
    before = resource.getrusage(resource.RUSAGE_SELF)
    if way == "ours":
        for name, sql in json.loads((home / "models.json").read_text()):
            connection.execute(
                f"create or replace table intermediate.int_segments__{name} as {sql}"
            )
        connection.execute("create or replace table ours as from marts.segment_membership")
    else:
        connection.execute(PLAIN)
    after = resource.getrusage(resource.RUSAGE_SELF)
    table = "ours" if way == "ours" else "plain"
    (rows,) = connection.execute(f"select count(*) from {table}").fetchone()
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"cpu": cpu, "gb": after.ru_maxrss / 1024**2, "rows": rows}))


def differing(home: Path) -> int:
    with duckdb.connect(str(home / "history.duckdb"), config={"threads": THREADS}) as connection:
        columns = ", ".join(name for name, *_ in connection.execute("describe plain").fetchall())
        counts = [
            connection.execute(f"""
                select count(*)
                from (select {columns} from {one} except select {columns} from {other})
            """).fetchone()[0]
            for one, other in (("ours", "plain"), ("plain", "ours"))
        ]
    return sum(counts)


@click.command()
@click.option("--buyers", multiple=True, type=int, default=[10_000, 100_000])
@click.argument("only", nargs=-1)
def main(buyers, only):
    if only:
        run(Path(only[0]), only[1])
        return
    table = Table("buyers", "orders", "rows", "ours", "plain SQL", "ratio", "GB", "differing rows")
    costs = []
    for count in buyers:
        with tempfile.TemporaryDirectory() as directory:
            home = Path(directory)
            (home / "models.json").write_text(json.dumps(make(home, count)))
            measured = {}
            for way in ("plain", "ours"):
                done = subprocess.run(
                    [sys.executable, __file__, str(home), way],
                    capture_output=True,
                    text=True,
                    check=True,
                )
                measured[way] = json.loads(done.stdout)
            with duckdb.connect(str(home / "history.duckdb")) as connection:
                (orders,) = connection.execute("select count(*) from orders").fetchone()
            ours, plain = measured["ours"], measured["plain"]
            costs.append((orders, ours["cpu"]))
            table.add_row(
                f"{count:,}",
                f"{orders:,}",
                f"{ours['rows']:,}",
                f"{ours['cpu']:.1f} s",
                f"{plain['cpu']:.1f} s",
                f"{ours['cpu'] / plain['cpu']:.2f}x",
                f"{ours['gb']:.2f} / {plain['gb']:.2f}",
                f"{differing(home):,}",
            )
    console = Console(width=120)
    console.print(table)
    if len(costs) > 1:
        (few, first), (many, last) = costs[0], costs[-1]
        console.print(f"growth of ours: {math.log(last / first) / math.log(many / few):.2f}")
    console.print(f"DuckDB {version('duckdb')}, {THREADS} threads")


if __name__ == "__main__":
    main()
