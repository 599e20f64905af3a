"""What every campaign is worth against the control group: a world of a thousand of them.

The models' own SQL runs on tables of people who were drawn, so that what is found can be held
against what was planted. A warehouse of so many people would take minutes, and 50 in a control
group find nothing.
"""

from datetime import date, timedelta

import duckdb
import numpy as np
import pandas as pd
import pytest
from conftest import dbt
from scipy import stats

from lifecycle import experiments

AS_OF = date(2025, 3, 31)
PERIOD_END = date(2025, 1, 31)
SENT_ON = date(2025, 2, 10)
GOAL_DAYS = 30
CONTROL_SHARE = 0.25
VARIABLES = {
    "global_control_share": CONTROL_SHARE,
    "global_control_since": "2025-01-15",
    "value_window_days": 365,
    "experiment_goal_days": GOAL_DAYS,
}
# One that works, one whose first buyers had left its segment when it was counted, and others.
PLANTED, SELECTED, NOTHING = 0, 1, range(2, 1_002)
CAMPAIGNS = 2 + len(NOTHING)
PEOPLE = 480
# Seven in eight get what they are meant to get; of 0.3, as many more buy who do.
MESSAGED, BUYING, BUYING_MORE = 0.875, 0.3, 0.4
MEAN_SPEND = 40.0
MODELS = [
    "waves",
    "campaign_people",
    "control_people",
    "sample",
    "definitions",
    "days",
    "outcomes",
    "moments",
]


def compiled(home):
    """SQL of the models, without a database."""
    selected = [f"int_experiments__{name}" for name in (*MODELS, "judged")]
    command = ["compile", "--select", *selected, "campaign_results"]
    build = dbt(command, home, home, VARIABLES)
    assert build.returncode == 0, build.output
    folder = home / "target/compiled/lifecycle/models"
    return {
        path.stem.removeprefix("int_experiments__"): path.read_text()
        for path in folder.rglob("*.sql")
    }


def drawn():
    """Everybody whom a campaign was for, and what he bought in the days after it and before."""
    generator = np.random.default_rng(2032)
    people = pd.DataFrame(
        {
            "campaign": np.repeat(np.arange(CAMPAIGNS), PEOPLE),
            "is_control": generator.random(CAMPAIGNS * PEOPLE) < CONTROL_SHARE,
        }
    )
    count = len(people)
    people["profile_id"] = [f"p{number:06d}" for number in range(count)]
    people["is_messaged"] = ~people.is_control & (generator.random(count) < MESSAGED)
    buying = np.where(
        (people.campaign == PLANTED) & people.is_messaged, BUYING + BUYING_MORE, BUYING
    )
    spend = generator.standard_gamma(2.0, (2, count)) * MEAN_SPEND / 2
    people["spent"] = np.where(generator.random(count) < buying, spend[0], 0).round(2)
    people["spent_before"] = np.where(generator.random(count) < BUYING, spend[1], 0).round(2)
    # A message of the month before made these buy, and buying made them others.
    has_left = (people.campaign == SELECTED) & people.is_messaged & (people.spent > 0)
    people["segment"] = [f"segment {campaign}" for campaign in people.campaign]
    people.loc[has_left, "segment"] = "elsewhere"
    return people


def tables(people):
    """What the models read of them."""
    everybody = people[["profile_id"]]
    days = [PERIOD_END + timedelta(days=1 + nth) for nth in range((AS_OF - PERIOD_END).days)]
    bought = [
        people[people[column] > 0]
        .rename(columns={column: "net_revenue"})[["profile_id", "net_revenue"]]
        .assign(purchased_on=pd.Timestamp(day))
        for column, day in (("spent", SENT_ON), ("spent_before", SENT_ON - timedelta(days=1)))
    ]
    purchases = pd.concat(bought).assign(purchased_at=lambda frame: frame.purchased_on)
    campaigns = [f"c{number:04d}" for number in range(CAMPAIGNS)]
    return {
        "int_as_of_date": pd.DataFrame({"as_of_date": [pd.Timestamp(AS_OF)]}),
        "int_calendar": pd.DataFrame(
            {
                "calendar_day": pd.to_datetime(days),
                "previous_period_end": pd.Timestamp(PERIOD_END),
            }
        ),
        "campaign_playbook": pd.DataFrame(
            {
                "campaign_id": campaigns,
                "segment": [f"segment {number}" for number in range(CAMPAIGNS)],
            }
        ),
        "experiments": None,
        "int_experiments__assigned": None,
        "int_profiles": everybody.assign(
            is_test=False, contact_known_on=pd.Timestamp("2024-01-01")
        ),
        "int_activation__global_control": everybody.assign(
            is_in_global_control=people.is_control, is_merged=False
        ),
        "segment_membership": everybody.assign(
            segment=people.segment, stage="any", period_end=pd.Timestamp(PERIOD_END)
        ),
        # Those of the control group against everybody, whom no test here looks at.
        "int_periods": None,
        "segments": None,
        "int_segments__spans": None,
        "int_profiles__consents": everybody.assign(
            channel="email", first_granted_on=pd.Timestamp("2024-01-01")
        ),
        "int_profiles__messages": people[people.is_messaged]
        .assign(
            campaign_id=lambda frame: [campaigns[number] for number in frame.campaign],
            channel="email",
            event_type="sent",
            occurred_on=pd.Timestamp(SENT_ON),
        )
        .reset_index()[["profile_id", "campaign_id", "channel", "event_type", "occurred_on"]],
        "int_purchases": purchases.assign(gross_margin=purchases.net_revenue / 2),
        "int_profiles__visits": None,
    }


# Of tables that are empty here.
EMPTY = {
    "experiments": """
        experiment_id varchar, arm varchar, share double, is_control boolean, assigned_by varchar,
        goal_metric varchar, goal_days bigint, starts_on date, ends_on date
    """,
    "int_experiments__assigned": """
        experiment_id varchar, profile_id varchar, arm varchar, source varchar, segment varchar,
        stage varchar, plan_number bigint, is_mixed boolean, is_in_global_control boolean,
        assigned_on date, assigned_at timestamp
    """,
    "int_periods": "period_number integer, period_end date",
    "segments": "segment varchar, stage varchar",
    "int_segments__spans": """
        profile_id varchar, segment varchar, from_period_number integer, until_period_number integer
    """,
    "int_profiles__visits": "profile_id varchar, visited_on date, started_at timestamp",
}
# What has the number of a person as well.
NUMBERED = [
    "int_activation__global_control",
    "int_experiments__assigned",
    "int_profiles__messages",
    "int_profiles__visits",
]
SCHEMAS = {"campaign_playbook": "seeds", "experiments": "seeds", "segments": "seeds"}
SCHEMAS |= {"segment_membership": "marts"}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The people who were drawn, and the mart that was made of them."""
    queries = compiled(tmp_path_factory.mktemp("campaigns"))
    people = drawn()
    with duckdb.connect() as connection:
        run = connection.execute
        run("attach ':memory:' as warehouse")
        for schema in ("seeds", "intermediate", "marts"):
            run(f"create schema warehouse.{schema}")
        for name, frame in tables(people).items():
            place = f"warehouse.{SCHEMAS.get(name, 'intermediate')}.{name}"
            if frame is None:
                run(f"create table {place} ({EMPTY[name]})")
                continue
            connection.register("given", frame)
            stamps = frame.select_dtypes("datetime").columns
            days = [f"cast({column} as date) as {column}" for column in stamps]
            replaced = f"replace ({', '.join(days)})" if days else ""
            run(f"create table {place} as select * {replaced} from given")
        money = "net_revenue type decimal(18, 2)", "gross_margin type decimal(18, 2)"
        for column in money:
            run(f"alter table warehouse.intermediate.int_purchases alter {column}")
        for name in NUMBERED:
            place = f"warehouse.intermediate.{name}"
            run(f"alter table {place} add column profile_number ubigint")
            run(f"update {place} set profile_number = hash(hash(profile_id))")
        for name in MODELS:
            place = f"warehouse.intermediate.int_experiments__{name}"
            run(f"create table {place} as {queries[name]}")
        moments = run("from warehouse.intermediate.int_experiments__moments").df()
        connection.register("found", experiments.estimates(moments))
        run("create table warehouse.intermediate.int_experiments__estimates as from found")
        place = "warehouse.intermediate.int_experiments__judged"
        run(f"create table {place} as {queries['judged']}")
        results = run(queries["campaign_results"]).df()
    results["campaign"] = results.campaign_id.str.removeprefix("c").astype(int)
    return people, results[results.method == "unadjusted"].set_index("campaign").sort_index()


def test_the_campaign_that_works_is_found_and_its_worth_with_it(world):
    people, results = world
    found = results.loc[PLANTED]
    assert found.verdict == "better"
    audience = people[people.campaign == PLANTED]
    others, control = (audience[audience.is_control == side] for side in (False, True))
    wanted = stats.ttest_ind(others.spent, control.spent, equal_var=False)
    assert (found.people, found.control_people) == (len(others), len(control))
    assert found.difference == pytest.approx(others.spent.mean() - control.spent.mean(), rel=1e-9)
    assert found.p_value == pytest.approx(wanted.pvalue, rel=1e-6)
    assert found.adjusted_p_value == pytest.approx(wanted.pvalue * CAMPAIGNS, rel=1e-6)
    assert found.messaged_share == pytest.approx(others.is_messaged.mean())
    assert found.control_messaged_share == 0
    # What it brought in, over all whom it was for, is what it did to those who got it.
    truth = BUYING_MORE * MEAN_SPEND * others.is_messaged.sum()
    assert found.value_low < truth < found.value_high
    assert found.value == pytest.approx(found.difference * len(others), abs=0.01)


def test_campaigns_that_do_nothing_seldom_seem_to(world):
    _, results = world
    nothing = results.loc[list(NOTHING)]
    assert len(nothing) == 1_000
    assert 0.035 <= (nothing.p_value < 0.05).mean() <= 0.065
    covered = (nothing.difference_low <= 0) & (nothing.difference_high >= 0)
    assert 0.935 <= covered.mean() <= 0.965
    # After Holm over all of them not one.
    judged = nothing[nothing.control_people >= 100]
    assert len(judged) > 950
    assert set(judged.verdict) <= {"no difference shown", "do not trust: sample ratio"}
    assert nothing.is_sample_ratio_mismatch.mean() < 0.02


def test_whoever_left_the_segment_before_he_was_counted_is_missed(world):
    _, results = world
    found = results.loc[SELECTED]
    # Those who are left bought nothing: it would look as if the campaign kept people from buying.
    assert found.difference < 0 and found.p_value < 0.001
    assert found.verdict == "do not trust: sample ratio"


def test_the_people_needed_are_those_of_a_lift_of_a_tenth(world):
    """What can be detected shrinks with the root of the people."""
    _, results = world
    found = results.loc[PLANTED]
    grown = found.people_needed / (found.measured_people + found.measured_control_people)
    detectable = found.detectable_difference / np.sqrt(grown)
    assert detectable == pytest.approx(0.1 * found.control_revenue_per_head, rel=1e-3)
