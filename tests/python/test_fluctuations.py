"""Changes of the lifecycle distribution, held against the rule written again in numpy and scipy.

The SQL is that of the model, as dbt compiled it; only the people are made up, with fixed seeds.
"""

import re
from datetime import date, timedelta

import duckdb
import numpy as np
import pandas
import pytest
from conftest import PROJECT
from scipy import stats

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
                create table segment_membership as
                    select segment, cast(period_end as date) as period_end
                    from sizes cross join range({int(np.max(counts))}) as people (person)
                    where person < customers;
                create table int_periods as
                    select
                        cast(period_end as date) as period_end,
                        period_end = max(period_end) over () as is_current,
                        period_end < max(period_end) over () or {is_full} as is_full
                    from periods;
                create table int_purchases as select date '{FIRST}' as purchased_on;
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
