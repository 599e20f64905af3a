"""Changes of the lifecycle distribution, held against the rule written again in numpy and scipy.

The SQL is that of the models, as dbt compiled it; only the people are made up, with fixed seeds.
"""

import re
import shutil
from datetime import date, datetime, timedelta

import duckdb
import numpy as np
import pandas
import pytest
from conftest import PROJECT, dbt, lifecycle, once
from scipy import stats

from lifecycle.demo import draw_buyers

SEGMENTS = pandas.read_csv(PROJECT / "seeds" / "segments.csv").segment.tolist()
USUAL = np.array([30, 12, 8, 4, 1, 3, 5, 8, 2, 5, 3, 7, 6, 6]) / 100
PEOPLE = 3000
FIRST = date(2023, 1, 31)


@pytest.fixture(scope="module")
def judge(demo):
    """A function from counts (period x segment) to what the model says of them."""
    nodes = demo.manifest["nodes"]
    (model,) = (node for node in nodes.values() if node["name"] == "lifecycle_distribution")
    sql = model["compiled_code"]
    for name in model["depends_on"]["nodes"]:
        assert nodes[name]["relation_name"] in sql
        sql = sql.replace(nodes[name]["relation_name"], nodes[name]["name"])

    def judged(counts, is_full=True):
        days = [FIRST + timedelta(days=30 * period) for period in range(len(counts))]
        sizes = pandas.DataFrame(
            [
                (day, segment, int(customers))
                for day, row in zip(days, counts, strict=True)
                for segment, customers in zip(SEGMENTS, row, strict=True)
            ],
            columns=["period_end", "segment", "customers"],
        )
        with duckdb.connect() as connection:
            connection.register("sizes", sizes)
            connection.register("periods", pandas.DataFrame({"period_end": days}))
            connection.execute(f"""
                set threads = 2;
                create table segments as from read_csv('{PROJECT / "seeds" / "segments.csv"}');
                create table int_segments__counts as
                    select segment, customers, cast(period_end as date) as period_end from sizes;
                create table int_segments__rescored
                    (segment varchar, customers bigint, period_end date);
                create table int_periods as
                    select
                        cast(period_end as date) as period_end,
                        period_end = max(period_end) over () as is_current,
                        period_end < max(period_end) over () or {is_full} as is_full
                    from periods;
                create table int_value__first_purchases as select date '{FIRST}' as acquired_on;
            """)
            found = connection.execute(f"from ({sql}) order by period_end, segment_order").df()
        return {
            column: found[column].to_numpy(dtype=float, na_value=np.nan).reshape(len(counts), -1)
            for column in ("share", "change", "z_score", "stability_index", "is_fluctuation")
        }

    return judged


def steady(seed, periods=36, people=PEOPLE, shares=USUAL):
    return np.random.default_rng(seed).multinomial(people, shares, size=periods)


def expected(counts):
    """The rule, written again: probabilities and not limits."""
    shares = counts / counts.sum(axis=1, keepdims=True)
    changes = np.diff(shares, axis=0, prepend=np.nan)
    scores, flags = np.full(counts.shape, np.nan), np.full(counts.shape, np.nan)
    for period, segment in np.ndindex(counts.shape):
        change = changes[period, segment]
        before = changes[max(1, period - 12) : period, segment]
        if len(before) < 6:
            continue
        is_large = abs(change) >= 0.005 - 1e-12
        if np.ptp(before) < 1e-9:
            flags[period, segment] = is_large
            continue
        spread = np.std(before, ddof=1) * np.sqrt(1 + 1 / len(before))
        score = (change - np.mean(before)) / spread
        scores[period, segment] = score
        probability = 2 * stats.t.sf(abs(score), df=len(before) - 1)
        flags[period, segment] = is_large and probability < 0.0027
    indexes = np.full(len(counts), np.nan)
    for period in range(1, len(counts)):
        now, then = (
            np.where(row == 0, 0.5, row) / row.sum() for row in counts[[period, period - 1]]
        )
        is_there = (counts[period] > 0) | (counts[period - 1] > 0)
        indexes[period] = np.sum(((now - then) * np.log(now / then))[is_there])
    return {"share": shares, "change": changes, "z_score": scores, "is_fluctuation": flags} | {
        "stability_index": np.repeat(indexes[:, None], counts.shape[1], axis=1)
    }


def growing():
    """Young data: segments fill one after another, some stay empty, the base is small and grows."""
    counts = steady(7, periods=30, people=400)
    counts[:9, 9:] = 0
    counts[:, 4] = 0
    return counts * np.linspace(1, 5, 30).astype(int)[:, None] + np.arange(14) % 2


def unmoved():
    """Nothing ever moves, until half a point does in one segment and less than that in another."""
    counts = np.tile(np.where(np.arange(14) == 0, 10_000 - 13 * 500, 500), (12, 1))
    counts[-1, :3] += [-99, 50, 49]
    return counts


HISTORIES = {
    "steady": steady(1),
    "small": steady(2, people=40),
    "growing": growing(),
    "unmoved": unmoved(),
}


def test_limits_are_the_quantiles_of_t():
    text = (PROJECT / "macros" / "lifecycle" / "fluctuation_limit.sql").read_text()
    limits = {int(n): float(limit) for n, limit in re.findall(r"when (\d+) then ([\d.]+)", text)}
    assert limits == {
        n: pytest.approx(stats.t.ppf(1 - 0.0027 / 2, n - 1), abs=1e-6) for n in range(6, 13)
    }


@pytest.mark.parametrize("history", HISTORIES)
def test_the_model_keeps_the_rule(judge, history):
    counts = HISTORIES[history]
    found, wanted = judge(counts), expected(counts)
    for column, values in wanted.items():
        np.testing.assert_allclose(found[column], values, rtol=1e-9, atol=1e-12, err_msg=column)


def test_a_period_that_is_not_over_is_not_judged(judge):
    counts = steady(3)
    found, full = judge(counts, is_full=False), judge(counts)
    for column, values in found.items():
        np.testing.assert_array_equal(values[:-1], full[column][:-1])
        assert np.isnan(values[-1]).all() == (column != "share")


def test_a_cohort_that_stops_is_flagged(judge):
    """Of 3,000 people 150 patrons stop at once, and turn up among those to win back."""
    patrons, at_risk = SEGMENTS.index("patrons"), SEGMENTS.index("at_risk")
    found_in = {patrons: 0, at_risk: 0}
    for seed in range(20):
        # Nine in ten stay where they are, as people do: the shares move by a few tenths of a point.
        generator = np.random.default_rng(seed)
        lasting = (0.9 * PEOPLE * USUAL).astype(int)
        counts = lasting + generator.multinomial(PEOPLE - lasting.sum(), USUAL, size=24)
        before = judge(counts)["is_fluctuation"]
        counts[20:, patrons] -= 150
        counts[20:, at_risk] += 150
        assert (counts >= 0).all()
        after = judge(counts)["is_fluctuation"]
        np.testing.assert_array_equal(after[:20], before[:20])
        for segment in found_in:
            found_in[segment] += after[20, segment] == 1
    assert min(found_in.values()) >= 19, found_in


def test_chance_alone_seldom_rings(judge):
    """In people drawn anew from shares that never change: no oftener than the rule promises."""
    flags = np.concatenate([judge(steady(seed))["is_fluctuation"][7:] for seed in range(20)])
    assert not np.isnan(flags).any()
    assert flags.size == 20 * 29 * 14
    assert 0 < flags.mean() <= 0.0027


# ---------- whole shops, from orders to flags

SHOP_START = datetime(2022, 1, 1)
# Made up in every shop, beside `int_profiles`; all models between them and the flags are run.
# Nothing is in the ledgers of what was touched since the build before, as there was none.
MADE_UP = (
    *("base_", "stg_", "int_identity__", "int_privacy__"),
    *("int_orders__touched", "int_profiles__touched", "int_web__touched"),
)
CALIBRATIONS = "int_rfm__calibrations"


class Shops:
    """Shops of the demo's process, one after another, by the models that tell how they fare.

    Everybody has an account, and whoever buys or registers an address; visitors come once.
    """

    def __init__(self, build):
        self.nodes = {
            key: node
            for key, node in build.manifest["nodes"].items()
            if node["resource_type"] in ("model", "seed")
        }
        self.connection = duckdb.connect(config={"threads": 1})
        execute = self.connection.execute
        execute("set variable hash_salt = 'demo'")
        execute("attach ':memory:' as warehouse")
        execute("attach ':memory:' as state")
        execute(f"attach '{build.database}' as built (read_only)")
        execute("use warehouse")
        for schema in ("seeds", "staging", "intermediate", "marts"):
            execute(f"create schema {schema}")
        execute("create schema state.intermediate")
        self.models, self.made_up, self.seen = [], [], set()
        self.collect("model.lifecycle.lifecycle_distribution")

    def collect(self, key):
        """Notes the models in the order they are run in; makes the tables that they start from."""
        if key in self.seen or key not in self.nodes:
            return
        self.seen.add(key)
        node = self.nodes[key]
        table = f"{node['schema']}.{node['name']}"
        if node["resource_type"] == "seed":
            self.connection.execute(f"create table {table} as from built.{table}")
        elif node["name"] == "int_profiles" or node["name"].startswith(MADE_UP):
            self.connection.execute(f"create table {table} as from built.{table} limit 0")
            self.made_up.append(table)
        else:
            for parent in node["depends_on"]["nodes"]:
                self.collect(parent)
            if node["config"]["materialized"] != "ephemeral":
                self.models.append(node)

    def distribution(self, seed, customers=2000, days=1500, keep_cuts=False, **shift):
        """Full months of a shop; by the cuts of the shop before, if they are to be kept."""
        drawn, _ = draw_buyers(seed, customers, SHOP_START, days, **shift)
        people, purchases = (
            pandas.DataFrame(drawn[name]) for name in ("drawn_people", "drawn_purchases")
        )
        self.fill(people[people.kind != "staff"], purchases)
        for node in self.models:
            if not (keep_cuts and node["name"] == CALIBRATIONS):
                self.connection.execute(
                    f"create or replace table {node['relation_name']} as {node['compiled_code']}"
                )
        found = self.connection.execute("""
            select
                period_end, segment, is_warm_up, change, z_score,
                coalesce(is_fluctuation, false) as is_flagged,
                is_fluctuation is not null as is_judged
            from marts.lifecycle_distribution
            where is_full
            order by period_end, segment_order
        """).df()
        return found.assign(period_end=found.period_end.dt.date)

    def fill(self, people, purchases):
        for table in self.made_up:
            self.connection.execute(f"delete from {table}")
        self.connection.register("people", people)
        self.connection.register("purchases", purchases)
        self.connection.execute(f"""
            create or replace macro time_of(day) as
                timestamp '{SHOP_START}' + to_seconds(cast(floor(86400 * day) as bigint));

            insert into intermediate.int_identity__identifiers by name
            select
                'p' || person as profile_id, 'customer_id' as identifier_type,
                'c' || person as identifier_value, time_of(joined) as first_seen_at
            from people;

            insert into intermediate.int_profiles by name
            select
                'p' || person as profile_id, false as is_test,
                cast(time_of(joined) as date) as first_seen_on,
                case when kind <> 'visitor' then first_seen_on end as contact_known_on
            from people;

            insert into staging.stg_shop__orders by name
            select
                'o' || purchase as order_id, 'c' || person as customer_id, 'completed' as status,
                cast(spend as decimal(18, 2)) as total_amount, 1 as rate_to_reporting,
                false as is_test, time_of(day) as ordered_at
            from purchases;

            -- Every other order at the end of a visit that nothing prompted.
            insert into staging.stg_web__events by name
            select
                'o' || purchase as event_id, 'purchase' as event_type,
                'c' || person as customer_id, false as is_bot, time_of(day) as occurred_at
            from purchases
            where purchase % 2 = 0
            union all
            select 'v' || person, 'page_view', 'c' || person, false, time_of(joined)
            from people
            where kind = 'visitor';
        """)


@pytest.fixture(scope="module")
def shops(demo):
    return Shops(demo)


def test_a_year_of_a_steady_shop_seldom_rings(shops):
    """Chance, season and growth of twenty shops of 2,000 buyers, in the fourth year of each."""
    found = pandas.concat(shops.distribution(seed) for seed in range(20))
    last_year = sorted(set(found.period_end))[-12:]
    year = found[found.period_end.isin(last_year)]
    assert year.is_judged.all()
    assert not year.is_warm_up.any()
    assert len(year) == 20 * 12 * len(SEGMENTS)
    # 0.03 % when this was written; no segment more often than once in 240 months.
    assert year.is_flagged.mean() <= 0.01
    assert year.groupby("segment").is_flagged.mean().max() <= 0.01
    # After the warm-up it is no worse before the year.
    after = found[found.is_judged & ~found.is_warm_up.astype(bool)]
    assert after.is_flagged.mean() <= 0.01
    # Some of the shares do move: what does not ring is not what stands still.
    assert (year.change.abs() >= 0.005).mean() > 0.05


# Four in five of all buyers stop on this day of 1,096. Nobody is seen to be silent at once: people
# drop out of the best segments when they have been for as long as the cuts of recency say.
SHIFT = {"shift_day": 900, "shift_share": 0.8}


def test_shops_whose_buyers_stop_are_flagged_and_the_same_shops_without_are_not(shops):
    stopped_on = (SHOP_START + timedelta(days=SHIFT["shift_day"])).date()
    for seed in range(20, 25):
        usual = shops.distribution(seed, days=1096)
        shifted = shops.distribution(seed, days=1096, keep_cuts=True, **SHIFT)
        is_before = usual.period_end < stopped_on
        # What is told of the time before is the same to the last digit.
        pandas.testing.assert_frame_equal(usual[is_before], shifted[is_before])
        assert not usual[~is_before].is_flagged.any(), seed
        assert shifted[~is_before].is_flagged.any(), seed


def test_a_build_of_a_demo_whose_buyers_stop_flags_the_month_they_leave_the_best(demo, shared):
    raw, home = shared / "raw" / "demo_shifted", shared / "demo_shifted"

    def make():
        options = [f"--{name.replace('_', '-')}={value}" for name, value in SHIFT.items()]
        lifecycle("demo", "--out", str(raw), "--customers", "2000", *options)
        home.mkdir()
        # People are scored by the cuts of before.
        shutil.copy(demo.state, home)
        command = ["build", "--select", "+lifecycle_distribution", "rfm_thresholds"]
        return dbt([*command, "--exclude-resource-type", "test", "unit_test"], raw, home)

    build = once(home, make)
    assert build.returncode == 0, build.output
    # Days of silence that end a recency of 4, and with it all that patrons may be.
    ((limit,),) = build.query("""
        select cast(-threshold as integer) from marts.rfm_thresholds
        where is_current and metric = 'recency' and cut = 3
    """)
    stopped_on = date(2023, 7, 1) + timedelta(days=SHIFT["shift_day"])
    flags = f"""
        select segment, date_trunc('month', period_end)::date, change < 0
        from marts.lifecycle_distribution
        where is_fluctuation and period_end > date '{stopped_on}'
    """
    assert demo.query(flags) == []
    left_on = stopped_on + timedelta(days=limit)
    assert ("patrons", left_on.replace(day=1), True) in build.query(flags)


def test_a_shift_takes_purchases_from_those_who_stop_and_leaves_all_others_as_they_were():
    usual, numbers = draw_buyers(3, 2000, SHOP_START, 1096)
    shifted, shifted_numbers = draw_buyers(3, 2000, SHOP_START, 1096, **SHIFT)
    assert numbers == shifted_numbers
    before, after = (
        pandas.DataFrame(drawn["drawn_purchases"]).set_index("purchase")
        for drawn in (usual, shifted)
    )
    pandas.testing.assert_frame_equal(before.loc[after.index], after)
    taken = before.drop(after.index)
    assert (taken.day >= SHIFT["shift_day"]).all()
    people, told = (
        pandas.DataFrame(drawn["drawn_people"]).set_index("person") for drawn in (usual, shifted)
    )
    stopped = told.left_day == SHIFT["shift_day"]
    assert set(taken.person) <= set(told.index[stopped])
    assert not ((after.day >= SHIFT["shift_day"]) & stopped.loc[after.person].to_numpy()).any()
    # Who came later or had left before is not among them; of the others four in five are.
    there = (people.joined < SHIFT["shift_day"]) & ~(people.left_day < SHIFT["shift_day"])
    there &= people.kind == "buyer"
    assert stopped[~there].sum() == 0
    assert abs(stopped[there].mean() - 0.8) < 4 * np.sqrt(0.8 * 0.2 / there.sum())
    assert (told.expected_purchases_365_days[stopped] == 0).all()
    pandas.testing.assert_frame_equal(people[~stopped], told[~stopped])
