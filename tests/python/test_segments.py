"""Metrics, scores, segments and the base, computed a second time in pandas from the design.

Nothing here is taken from the models: money, sessions, cuts, rules and windows are written again,
from what staging holds and from who is who, and compared person by person.
"""

import csv
import pickle
import re
import shutil
from calendar import monthrange
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from itertools import groupby, product
from operator import itemgetter

import duckdb
import pandas
import pytest
import pytz
import yaml
from conftest import PROJECT, Build, dbt, once
from filelock import FileLock

SEGMENTS = {
    "visitors": "acquire",
    "loyal_visitors": "acquire",
    "newcomers": "retain",
    "recent": "retain",
    "promising": "grow",
    "potential_loyalists": "grow",
    "loyal": "cherish",
    "patrons": "cherish",
    "cannot_lose": "reactivate",
    "at_risk": "reactivate",
    "need_attention": "reactivate",
    "about_to_sleep": "reactivate",
    "hibernating": "reactivate",
    "lost": "reactivate",
}
CELLS = list(product(range(1, 6), range(1, 6), range(1, 6), (True, False), (True, False)))
VARS = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]


# ---------- the two maps, as the design words them


def exponea(r, f, m, one_purchase, engaged):
    if one_purchase and r >= 4:
        return "newcomers"
    if r >= 4 and f >= 4 and m >= 4:
        return "patrons"
    if r >= 3 and (f + m >= 8 or (f >= 3 and m >= 3 and f + m == 7 and engaged)):
        return "loyal"
    if r >= 4:
        if f < 3:
            return "recent"
        return "potential_loyalists" if m >= 3 else "promising"
    if r == 3:
        return "need_attention" if f + m >= 6 else "about_to_sleep"
    if r == 1 and f >= 4 and m >= 4:
        return "cannot_lose"
    if f + m >= 6:
        return "at_risk"
    return "hibernating" if r == 2 else "lost"


GRID = {
    "patrons": "55 54 45",
    "loyal": "53 44 35 34",
    "potential_loyalists": "52 43 42 33",
    "recent": "51",
    "promising": "41 31",
    "need_attention": "32 23 22",
    "about_to_sleep": "21",
    "at_risk": "25 24 13",
    "cannot_lose": "15 14",
    "hibernating": "12",
    "lost": "11",
}


def putler(r, f, m, one_purchase, engaged):
    if one_purchase and r >= 4:
        return "newcomers"
    (segment,) = (name for name, cells in GRID.items() if f"{r}{(f + m) // 2}" in cells.split())
    return segment


MAPS = {"exponea": exponea, "putler": putler}


# ---------- the raw facts, read once per build

DAY_LENGTH = timedelta(days=1)
HALF_AN_HOUR = timedelta(minutes=30)
IDENTIFIERS = ("customer_id", "loyalty_card_id", "email", "phone", "anonymous_id")
CAMPAIGN_TAG = re.compile(r"[?&](gclid|fbclid|msclkid|yclid|utm_[a-z]+)=")


class Facts:
    """What staging holds and whose it is."""

    def __init__(self, build: Build, zone="UTC"):
        self.zone = pytz.timezone(zone)
        self.owner, self.first_seen, self.contact_known = {}, {}, {}
        for kind, value, profile, seen in build.query("""
            select identifier_type, identifier_value, profile_id, first_seen_at
            from intermediate.int_identity__identifiers
        """):
            self.owner[kind, value], seen = profile, self.local(seen)
            self.first_seen.setdefault(profile, []).append(seen)
            if kind in ("email", "phone"):
                self.contact_known.setdefault(profile, []).append(seen)
        # Who was at a device of several people is part of who is who.
        self.at_device = {
            (table, record): profile
            for table, record, profile in build.query("""
                select source_table, record_id, profile_id
                from intermediate.int_identity__shared_device_records
            """)
        }
        staff = build.query("select customer_id from staging.stg_shop__customers where is_test")
        self.staff_accounts = {account for (account,) in staff}
        self.staff = {self.owner.get(("customer_id", account)) for account in self.staff_accounts}
        orders = build.query("""
            select
                'shop:' || order_id, customer_id, loyalty_card_id, email, phone, anonymous_id,
                status, total_amount, coalesce(shipping_amount, 0), coalesce(tax_amount, 0),
                rate_to_reporting, is_test, ordered_at, cancelled_at
            from staging.stg_shop__orders
            union all
            select
                'pos:' || receipt_id, null, loyalty_card_id, email, phone, null,
                null, total_amount, 0, coalesce(tax_amount, 0),
                rate_to_reporting, false, sold_at, null
            from staging.stg_pos__receipts
            where return_of_receipt_id is null
        """)
        self.orders = [
            (*order, self.local(at), self.local(cancelled)) for *order, at, cancelled in orders
        ]
        returns = build.query("""
            select 'shop:' || order_id, refunded_at, amount, order_line_id is not null
            from staging.stg_shop__refunds
            union all
            select 'pos:' || return_of_receipt_id, sold_at, abs(total_amount), false
            from staging.stg_pos__receipts
            where return_of_receipt_id is not null
        """)
        self.returns = [(key, self.local(at), *rest) for key, at, *rest in returns]
        kinds = ("customer_id", "email", "phone")
        self.messages = [
            (event_type, self.local(at), self.owned(zip(kinds, values, strict=True)))
            for event_type, at, *values in build.query("""
                select event_type, occurred_at, customer_id, email, phone
                from staging.stg_messaging__events
            """)
        ]
        self.visits = self.find_visits(build)

    def local(self, at):
        """Time in the zone whose days are counted, of a UTC time."""
        return at and at.replace(tzinfo=UTC).astimezone(self.zone).replace(tzinfo=None)

    def owned(self, identifiers):
        """The profile of the first of the identifiers that somebody owns."""
        return next(filter(None, map(self.owner.get, identifiers)), None)

    def find_visits(self, build):
        """(profile, start, unprompted) of sessions per device, or else account or else address."""
        sessions, latest = [], {}
        for event, *values, page_url, tag, at in build.query("""
            select
                event_id, anonymous_id, customer_id, email, page_url,
                coalesce(utm_source, utm_medium, utm_campaign), occurred_at
            from staging.stg_web__events
            where not is_bot and coalesce(anonymous_id, customer_id, email) is not null
            order by occurred_at, event_id
        """):
            at = self.local(at)
            names = list(zip(("anonymous_id", "customer_id", "email"), values, strict=True))
            visitor = next(name for name in names if name[1] is not None)
            is_shared = ("web.events", event) in self.at_device
            there = self.at_device.get(("web.events", event))
            visitor = (*visitor, there)
            session = latest.get(visitor)
            if session is None or whole_seconds(at) - session["last"] > HALF_AN_HOUR:
                session = latest[visitor] = {"names": {}, "start": at, "unprompted": True}
                session["there"] = (is_shared, there)
                sessions.append(session)
            session["last"] = whole_seconds(at)
            session["unprompted"] &= not (tag or CAMPAIGN_TAG.search(page_url or ""))
            for kind, value in names:
                if value is not None:
                    session["names"].setdefault(kind, set()).add(value)
        clicks = {}
        for event_type, at, profile in self.messages:
            if event_type == "clicked":
                clicks.setdefault(profile, []).append(at)
        visits = []
        for session in sessions:
            # Whose a session of two accounts is, the design leaves open: the demo has none.
            assert all(len(values) == 1 for values in session["names"].values()), session
            is_shared, profile = session["there"]
            if not is_shared:
                profile = self.owned((kind, *values) for kind, values in session["names"].items())
            start = session["start"]
            brought_by_message = any(
                click <= start and whole_seconds(start) - whole_seconds(click) <= HALF_AN_HOUR
                for click in clicks.get(profile, [])
            )
            visits.append((profile, start, session["unprompted"] and not brought_by_message))
        return visits


def whole_seconds(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def end_of(day: date) -> datetime:
    return datetime.combine(day, time.min) + DAY_LENGTH


def purchases_at(facts: Facts, day: date) -> list:
    """(profile, day, net revenue) of known people's purchases as they stood when the day ended."""
    goods, other, ever_returned = Counter(), Counter(), set()
    for key, at, amount, is_goods in facts.returns:
        ever_returned.add(key)
        if at < end_of(day):
            (goods if is_goods else other)[key] += amount
    rows = []
    for key, *names, status, total, shipping, tax, rate, is_test, at, cancelled in facts.orders:
        names = list(zip(IDENTIFIERS, names, strict=True))
        owners = set(map(facts.owner.get, names)) - {None}
        assert len(owners) <= 1, key
        if not owners:
            owners = {facts.at_device.get(("shop.orders", key.removeprefix("shop:")))} - {None}
        if at >= end_of(day) or not owners:
            continue
        if is_test or names[0][1] in facts.staff_accounts:
            continue
        # What was cancelled or refunded later was a purchase until then.
        ended_later = (status == "cancelled" and cancelled) or (
            status == "refunded" and key in ever_returned
        )
        in_force = status is None or status in VARS["purchase_statuses"] or ended_later
        if not in_force or (cancelled and cancelled < end_of(day)):
            continue
        back, goods_back = other[key], goods[key]
        if total > 0 and (back + goods_back >= total or 0 < total - shipping <= goods_back):
            continue
        net = Decimal(0)
        if total > 0:
            share = back / total + (goods_back / (total - shipping) if goods_back else 0)
            net = max(Decimal(0), total - tax - shipping) * max(Decimal(0), 1 - share) * rate
        rows.append((*owners, at.date(), net.quantize(Decimal("0.01"), ROUND_HALF_UP)))
    return rows


# ---------- metrics, cuts and scores


@cache
def metrics_at(facts: Facts, day: date, window_days) -> pandas.DataFrame:
    """Per buyer recency, and orders and revenue of the window that ends on the last purchase."""
    bought = pandas.DataFrame(
        [row for row in purchases_at(facts, day) if row[0] not in facts.staff],
        columns=["profile_id", "day", "net_revenue"],
    )
    bought["day"] = pandas.to_datetime(bought["day"])
    age = (bought.groupby("profile_id")["day"].transform("max") - bought["day"]).dt.days
    inside = bought if window_days is None else bought[age < window_days]
    metrics = inside.groupby("profile_id").agg(
        order_count=("day", "size"), net_revenue=("net_revenue", "sum"), last=("day", "max")
    )
    metrics["lifetime_order_count"] = bought.groupby("profile_id").size()
    metrics["recency_days"] = (pandas.Timestamp(day) - metrics["last"]).dt.days
    metrics["in_base"] = metrics["recency_days"] < VARS["buyer_window_days"]
    return metrics.drop(columns="last")


def cuts_of(values, percents):
    """Per percent the smallest value that at least so many of the values do not exceed."""
    values = sorted(values)
    return [
        next((v for n, v in enumerate(values, 1) if n * 100 >= percent * len(values)), None)
        for percent in percents
    ]


def yardstick(metrics, frequency_cuts):
    base = metrics[metrics["in_base"]]
    orders = base["order_count"]
    if frequency_cuts == "repeat":
        frequency = [1, *cuts_of(orders[orders > 1], (25, 50, 75))]
    else:
        frequency = cuts_of(orders, (20, 40, 60, 80))
    return {
        "recency": cuts_of(-base["recency_days"], (20, 40, 60, 80)),
        "frequency": frequency,
        "monetary": cuts_of(base["net_revenue"], (20, 40, 60, 80)),
    }


def scored(metrics, cuts):
    def score(value, metric):
        return 1 + sum(cut is not None and value > cut for cut in cuts[metric])

    return metrics.assign(
        recency_score=[score(-value, "recency") for value in metrics["recency_days"]],
        frequency_score=[score(value, "frequency") for value in metrics["order_count"]],
        monetary_score=[score(value, "monetary") for value in metrics["net_revenue"]],
    )


def membership_at(facts, day, segment_map, window_days, cuts):
    """Per person seen by the day: segment, or None out of the base, and what it rests on."""
    buyers = scored(metrics_at(facts, day, window_days), cuts).to_dict("index")
    end = end_of(day)

    def within(days, at):
        return end - timedelta(days=days) <= at < end

    engaged = {
        profile
        for event_type, at, profile in facts.messages
        if event_type in ("opened", "clicked") and within(90, at)
    } | {profile for profile, at, unprompted in facts.visits if unprompted and within(90, at)}
    visitors = {
        profile for profile, at, _ in facts.visits if within(VARS["visitor_window_days"], at)
    }

    def known_by_now(times):
        # What no dated record carries was there from the start.
        dated = [at for at in times if at is not None]
        return bool(times) and (not dated or min(dated) < end)

    people = {}
    for profile, times in facts.first_seen.items():
        if not known_by_now(times):
            continue
        buyer = buyers.get(profile)
        in_base = bool(buyer) and buyer["in_base"]
        scores = (
            [buyer[f"{metric}_score"] for metric in ("recency", "frequency", "monetary")]
            if in_base
            else [None] * 3
        )
        segment = None
        if in_base:
            one_purchase = buyer["lifetime_order_count"] == 1
            segment = MAPS[segment_map](*scores, one_purchase, profile in engaged)
        elif not buyer and profile not in facts.staff:
            if known_by_now(facts.contact_known.get(profile, [])):
                segment = "loyal_visitors"
            elif profile in visitors:
                segment = "visitors"
        figures = [
            buyer[name] if buyer else None
            for name in ("recency_days", "order_count", "net_revenue", "lifetime_order_count")
        ]
        people[profile] = (segment, SEGMENTS.get(segment), profile in engaged, *scores, *figures)
    return people


def membership_built(build: Build, condition="is_current"):
    rows = build.query(f"""
        select
            profile_id, segment, stage, is_engaged, recency_score, frequency_score,
            monetary_score, recency_days, order_count, net_revenue, lifetime_order_count
        from marts.segment_membership
        where {condition}
    """)
    return {profile: tuple(rest) for profile, *rest in rows}


def assert_same_history(build, facts, segment_map, cuts_at, days):
    """In the base at ends of periods are those whom somebody there would have seen."""
    ends = [day for (day,) in build.query("select period_end from intermediate.int_periods")]
    assert set(days) <= set(ends)
    for day in days:
        people = membership_at(facts, day, segment_map, 730, cuts_at(day))
        in_base = {person: told for person, told in people.items() if told[0]}
        built = membership_built(build, f"segment is not null and period_end = date '{day}'")
        assert_same_people(built, in_base)
        assert len(built) > 100


def cuts_built(build: Build):
    rows = build.query("select metric, cut, threshold from marts.rfm_thresholds where is_current")
    found = {metric: [None] * 4 for metric in ("recency", "frequency", "monetary")}
    for metric, cut, threshold in rows:
        found[metric][cut - 1] = threshold
    return found


def assert_same_people(built, expected):
    assert built.keys() == expected.keys()
    differing = [
        f"{person}: built {built[person]}, expected {expected[person]}"
        for person in built
        if built[person] != expected[person]
    ]
    assert not differing, "\n".join([f"{len(differing)} of {len(built)} differ", *differing[:5]])


def as_of(build: Build) -> date:
    return build.query("select as_of_date from intermediate.int_as_of_date")[0][0]


def rebuilt(of: Build, raw, home, select, variables):
    """What a user's next run with other vars makes of the same warehouse and state."""

    def make():
        home.mkdir(parents=True, exist_ok=True)
        shutil.copy(of.database, home)
        shutil.copy(of.state, home)
        # The ledger of triggers takes no part of a build for a whole one.
        without = ["--exclude", "int_activation__trigger_ledger+"]
        return dbt(["run", "--select", *select, *without], raw, home, variables)

    build = once(home, make)
    assert build.returncode == 0, build.output
    return build


@pytest.fixture(scope="module")
def demo_facts(demo):
    return Facts(demo)


# ---------- person by person


def test_demo_people_score_and_fall_into_segments_as_in_pandas(demo, demo_facts):
    day = as_of(demo)
    cuts = yardstick(metrics_at(demo_facts, day, 730), "repeat")
    assert cuts_built(demo) == cuts
    people = membership_at(demo_facts, day, "exponea", 730, cuts)
    assert_same_people(membership_built(demo), people)
    assert len({segment for segment, *_ in people.values()} - {None}) == 14


def test_online_retail_people_score_and_fall_into_segments_as_in_pandas(dataset_build):
    build = dataset_build("online_retail")
    facts, day = Facts(build), date(2011, 12, 9)
    cuts = yardstick(metrics_at(facts, day, 730), "repeat")
    assert cuts_built(build) == cuts
    people = membership_at(facts, day, "exponea", 730, cuts)
    assert_same_people(membership_built(build), people)
    assert sum(segment is not None for segment, *_ in people.values()) > 4_000


def test_demo_history_is_what_was_known_at_each_period_s_end(demo, demo_facts):
    cuts = yardstick(metrics_at(demo_facts, as_of(demo), 730), "repeat")
    days = [date(2023, 9, 30), date(2024, 2, 29), date(2025, 6, 30), date(2026, 5, 31)]
    assert_same_history(demo, demo_facts, "exponea", lambda day: cuts, days)


AFTER_THE_MAP = ("int_segments__standings", "int_segments__recomputed", "int_segments__spans")


def with_map_of(build: Build, other: Build, home) -> Build:
    """The build, its people placed anew by the map of the other, in SQL that dbt compiled."""
    home.mkdir(parents=True)
    shutil.copy(build.database, home)
    nodes = [
        of.manifest["nodes"][f"model.lifecycle.{name}"]
        for of, name in [(other, "int_segments__map"), *((build, name) for name in AFTER_THE_MAP)]
    ]
    with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
        for node in nodes:
            relation = node["relation_name"]
            # Into what is there, so that columns keep their types.
            connection.execute(f"delete from {relation}")
            connection.execute(f"insert into {relation} by name {node['compiled_code']}")
    return Build(home, 0, "")


@pytest.fixture(scope="module")
def journey(dataset_build, shared, tmp_path_factory):
    """A year of Complete Journey by each map with each yardstick, and its facts."""
    raw = shared / "raw" / "completejourney"
    home = tmp_path_factory.mktemp("journey")
    held = dataset_build("completejourney")
    variables = yaml.safe_load((raw / "vars.yml").read_text()) | {
        "rfm_yardstick": "rolling",
        "segment_map": "putler",
    }
    select = ["int_rfm__metrics+", "int_segments__map+"]
    rolling = rebuilt(held, raw, shared / "completejourney_rolling", select, variables)
    return Facts(held, "America/New_York"), {
        ("exponea", "held"): held,
        ("putler", "held"): with_map_of(held, rolling, home / "putler_held"),
        ("exponea", "rolling"): with_map_of(rolling, held, home / "exponea_rolling"),
        ("putler", "rolling"): rolling,
    }


@pytest.mark.parametrize("held_or_rolling", ["held", "rolling"])
@pytest.mark.parametrize("segment_map", MAPS)
def test_a_year_of_complete_journey_is_what_was_known_at_each_month_s_end(
    journey, segment_map, held_or_rolling
):
    facts, builds = journey
    build = builds[segment_map, held_or_rolling]
    days = [day for (day,) in build.query("select period_end from intermediate.int_periods")]
    assert sorted(days)[-12:] == [
        date(2017, month, monthrange(2017, month)[1]) for month in range(1, 13)
    ]

    def cuts_at(day):
        metrics = metrics_at(facts, as_of(build) if held_or_rolling == "held" else day, 730)
        return yardstick(metrics, "repeat")

    assert_same_history(build, facts, segment_map, cuts_at, days)


def test_whoever_leaves_the_base_is_told_once(demo):
    rows = demo.query("""
        select profile_id, period_end, segment, previous_segment, entered_on, is_current
        from marts.segment_membership
        order by profile_id, period_end
    """)
    ends = sorted({row[1] for row in rows})
    place = {end: number for number, end in enumerate(ends)}
    left = 0
    for profile, stays in groupby(rows, key=itemgetter(0)):
        before, entered = None, None
        for _, end, segment, previous, entered_on, is_current in stays:
            follows = before is not None and place[end] == place[before[0]] + 1
            assert previous == (before[1] if follows else None), (profile, end)
            entered = (entered if follows and segment == previous else end) if segment else None
            assert entered_on == entered, (profile, end)
            # Nobody drops out without a word, and nobody is told of twice.
            assert before is None or follows or before[1] is None, (profile, end)
            assert segment or previous or is_current, (profile, end)
            left += segment is None and previous is not None
            before = (end, segment)
        assert before[1] is None or before[0] == ends[-1], profile
    assert left > 50


@pytest.fixture(scope="module")
def other_rules(demo, demo_raw, shared):
    """The demo by the other map, with plain quintiles and all purchases counted."""
    variables = {"segment_map": "putler", "frequency_cuts": "all", "rfm_window_days": None}
    select = ["int_rfm__metrics+", "int_segments__map+"]
    return rebuilt(demo, demo_raw, shared / "demo_other_rules", select, variables)


def test_other_map_cuts_and_window_are_as_in_pandas(other_rules, demo, demo_facts):
    day = as_of(demo)
    metrics = metrics_at(demo_facts, day, None)
    assert (metrics["order_count"] == metrics["lifetime_order_count"]).all()
    # Cuts of other vars are of no use: they are measured anew.
    cuts = yardstick(metrics, "all")
    assert cuts_built(other_rules) == cuts
    people = membership_at(demo_facts, day, "putler", None, cuts)
    assert_same_people(membership_built(other_rules), people)


def test_a_past_day_is_scored_with_the_cuts_of_today(demo, demo_raw, demo_facts, shared):
    # A day on which something had been bought that was sent back and marked so later.
    returned_at = {key: at for key, at, *_ in demo_facts.returns}
    bought_on = [
        order[12].date()
        for order in demo_facts.orders
        if order[6] == "refunded" and returned_at.get(order[0], order[12]) >= end_of(order[12])
    ]
    day = max(day for day in bought_on if day < as_of(demo) - timedelta(days=400))
    variables = {"as_of_date": str(day)}
    build = rebuilt(demo, demo_raw, shared / "demo_past", ["int_as_of_date+"], variables)
    cuts = yardstick(metrics_at(demo_facts, as_of(demo), 730), "repeat")
    assert cuts_built(build) == cuts
    people = membership_at(demo_facts, day, "exponea", 730, cuts)
    assert_same_people(membership_built(build), people)


# ---------- every cell of the maps


@cache
def rules_of(name):
    with (PROJECT / "seeds" / "segment_rules.csv").open() as rules:
        return sorted(
            (rule for rule in csv.DictReader(rules) if rule["map"] == name),
            key=lambda rule: int(rule["priority"]),
        )


def fitting_rules(name, r, f, m, one_purchase, engaged):
    """Rules that fit the cell, in their order; an empty field asks nothing."""
    scores = {"r": r, "f": f, "m": m, "fm": f + m}
    answers = {"one_purchase": one_purchase, "engaged": engaged}
    return [
        rule
        for rule in rules_of(name)
        if all(
            int(rule[f"{score}_min"] or 0) <= value <= int(rule[f"{score}_max"] or 10)
            for score, value in scores.items()
        )
        and all(rule[flag] in ("", str(value).lower()) for flag, value in answers.items())
    ]


@pytest.mark.parametrize("name", MAPS)
def test_rules_place_every_cell_as_the_design_does(name):
    reached = set()
    for cell in CELLS:
        first, *_ = fitting_rules(name, *cell)
        assert first["segment"] == MAPS[name](*cell), cell
        assert first["stage"] == SEGMENTS[first["segment"]]
        reached.add(first["segment"])
    assert reached == SEGMENTS.keys() - {"visitors", "loyal_visitors"}


def test_putler_has_exactly_one_rule_per_cell_after_newcomers():
    for cell in CELLS:
        rules = [rule["segment"] for rule in fitting_rules("putler", *cell)]
        assert len(set(rules) - {"newcomers"}) == 1, cell
        assert rules[0] == "newcomers" or len(rules) == 1, cell


def test_seed_of_segments_lists_the_fourteen_with_their_stage():
    segments = pandas.read_csv(PROJECT / "seeds" / "segments.csv")
    assert dict(zip(segments["segment"], segments["stage"], strict=True)) == SEGMENTS


# ---------- every cell from an order history

DAY = date(2025, 6, 30)
RECENCY = {5: 5, 4: 30, 3: 100, 2: 300, 1: 800}
REVENUE = {1: 60, 2: 120, 3: 180, 4: 240, 5: 300}


def days_ago(days):
    return datetime.combine(DAY - timedelta(days=days), datetime.min.time()) + timedelta(hours=12)


class Shop:
    """A raw directory of hand-made histories, and what each person must become.

    A fifth of the buyers has each recency and each revenue, and a quarter of the repeat buyers
    each number of orders, so that the cuts lie between the five kinds by construction.
    """

    def __init__(self):
        self.orders, self.opened, self.visits = [], [], []
        self.expected = {}
        for r, f, m, kind in product(range(1, 6), range(1, 6), range(1, 6), ("", "engaged", "old")):
            person = f"r{r}f{f}m{m}{kind}@shop.example"
            self.buy(person, RECENCY[r], f, REVENUE[m])
            if kind == "old":
                # One more order, a day before the window of 730 days that ends on the last one.
                self.order(person, RECENCY[r] + 730, 1_000)
            self.opened.append((person, 89 if kind == "engaged" else 90))
            cell = (r, f, m, f == 1 and kind != "old", kind == "engaged")
            self.expected[person] = exponea(*cell)
        self.order("just_in@shop.example", 1094, REVENUE[1])
        self.order("just_out@shop.example", 1095, REVENUE[1])
        self.expected["just_in@shop.example"] = "lost"
        self.expected["just_out@shop.example"] = None
        self.visits += [("device_in", 364), ("device_out", 365)]
        self.expected["device_in"] = "visitors"
        self.expected["device_out"] = None
        self.opened.append(("reader@shop.example", 1_500))
        self.expected["reader@shop.example"] = "loyal_visitors"

    def order(self, person, days, amount):
        self.orders.append((f"o{len(self.orders)}", days_ago(days), amount, person))

    def buy(self, person, recency, orders, revenue):
        for nth in range(orders):
            self.order(person, recency + nth, revenue // orders)

    def write(self, raw):
        (raw / "shop").mkdir(parents=True, exist_ok=True)
        columns = ["order_id", "ordered_at", "total_amount", "email"]
        orders = pandas.DataFrame(self.orders, columns=columns)
        orders.to_csv(raw / "shop" / "orders.csv", index=False)
        (raw / "messaging").mkdir(exist_ok=True)
        pandas.DataFrame(
            [
                (f"m{n}", f"m{n}", "email", "opened", days_ago(days), person)
                for n, (person, days) in enumerate(self.opened)
            ],
            columns=["event_id", "message_id", "channel", "event_type", "occurred_at", "email"],
        ).to_csv(raw / "messaging" / "events.csv", index=False)
        (raw / "web").mkdir(exist_ok=True)
        pandas.DataFrame(
            [
                (f"w{n}", "page_view", days_ago(days), device, "newsletter")
                for n, (device, days) in enumerate(self.visits)
            ],
            columns=["event_id", "event_type", "occurred_at", "anonymous_id", "utm_source"],
        ).to_csv(raw / "web" / "events.csv", index=False)


SHOP = Shop()
REGULAR = "r5f5m5@shop.example"
# The last order is five days old: the day to look from has to be said.
SHOP_VARS = {"as_of_date": str(DAY)}


@pytest.fixture(scope="module")
def histories(shared):
    raw, home = shared / "raw" / "histories", shared / "histories"

    def make():
        SHOP.write(raw)
        return dbt(
            [
                "build",
                "--exclude-resource-type",
                "unit_test",
                "test",
                "--select",
                "+marts.lifecycle",
            ],
            raw,
            home,
            SHOP_VARS,
        )

    build = once(home, make)
    assert build.returncode == 0, build.output
    return build


def segments_of(build: Build):
    """Segment by the one identifier that each person of the hand-made shop has."""
    return dict(
        build.query("""
            select identifier_value, segment
            from marts.segment_membership
            inner join intermediate.int_identity__identifiers using (profile_id)
            where is_current
        """)
    )


def test_order_histories_reach_every_cell_and_every_segment(histories):
    assert segments_of(histories) == SHOP.expected
    assert {*SHOP.expected.values()} == {*SEGMENTS, None}
    assert dict(
        histories.query("""
            select segment, customers from marts.lifecycle_distribution where is_current
        """)
    ) == Counter(filter(None, SHOP.expected.values()))


@pytest.mark.parametrize("name", MAPS)
def test_model_of_the_map_places_every_cell_as_the_design_does(name, request):
    build = request.getfixturevalue({"exponea": "histories", "putler": "other_rules"}[name])
    cells = build.query("""
        select
            recency_score, frequency_score, monetary_score, is_one_purchase, is_engaged, segment,
            stage
        from intermediate.int_segments__map
    """)
    assert len(cells) == len(CELLS)
    for *cell, segment, stage in cells:
        assert (segment, stage) == (MAPS[name](*cell), SEGMENTS[MAPS[name](*cell)]), cell


# ---------- the yardstick over time


def calibrations(build: Build):
    """All calibrations: number to (date, definition, cuts)."""
    found = {}
    for number, on, definition, metric, cut, threshold in build.query("""
        select calibration_number, calibrated_on, definition, metric, cut, threshold
        from marts.rfm_thresholds
        order by all
    """):
        _, _, cuts = found.setdefault(number, (on, definition, {}))
        cuts[metric, cut] = threshold
    return found


def current(build: Build):
    rows = build.query(
        "select distinct calibration_number from marts.rfm_thresholds where is_current"
    )
    return [number for (number,) in rows]


@pytest.fixture(scope="module")
def runs(histories, shared):
    """What one user's runs, one after the other on the same warehouse, left in the yardstick."""
    kept = shared / "over_time.pickle"
    with FileLock(f"{kept}.lock"):
        if not kept.exists():
            kept.write_bytes(pickle.dumps(run_over_time(histories, shared)))
    return pickle.loads(kept.read_bytes())


def run_over_time(histories, shared):
    raw, home = shared / "raw" / "over_time", shared / "over_time"
    after_orders = ["base_shop__orders+,+rfm_thresholds"]
    only_cuts = ["int_rfm__metrics+,+rfm_thresholds"]
    shutil.copytree(shared / "raw" / "histories", raw)
    home.mkdir()
    shutil.copy(histories.database, home)
    shutil.copy(histories.state, home)

    def run(select, variables=None, *flags):
        build = dbt(["run", *flags, "--select", *select], raw, home, variables)
        assert build.returncode == 0, build.output
        return calibrations(build), current(build)

    def sell(days_later):
        # More than one order in a thousand, or the day would pass for a slip of the keyboard.
        with (raw / "shop" / "orders.csv").open("a") as orders:
            for nth in range(5):
                at = days_ago(-days_later)
                orders.write(f"later{days_later}-{nth},{at},60,{REGULAR}\n")

    seen = {"first": (calibrations(histories), current(histories))}
    sell(89)
    seen["89 days later"] = run(after_orders, None, "--full-refresh")
    seen["due sooner"] = run(only_cuts, {"rfm_recalibrate_after_days": 89})
    sell(89 + 90)
    seen["90 days later"] = run(after_orders)
    seen["told to"] = run(only_cuts, {"recalibrate": True})
    seen["other vars"] = run(only_cuts, {"frequency_cuts": "all"})
    (home / "state.duckdb").unlink()
    seen["state lost"] = run(only_cuts)
    return seen


def test_first_build_calibrates_at_the_day_it_looks_from(runs):
    found, in_force = runs["first"]
    assert list(found) == in_force == [1]
    on, definition, cuts = found[1]
    assert on == DAY
    assert "frequency_cuts=repeat" in definition
    assert cuts == {
        **{("recency", cut): -RECENCY[cut] for cut in range(1, 5)},
        **{("frequency", cut): cut for cut in range(1, 5)},
        **{("monetary", cut): REVENUE[cut] for cut in range(1, 5)},
    }


def test_cuts_are_kept_for_ninety_days_of_new_data_even_by_a_full_refresh(runs):
    assert runs["89 days later"] == runs["first"]


def test_a_user_says_after_how_many_days_cuts_are_due(runs):
    found, in_force = runs["due sooner"]
    assert in_force == [2]
    assert found[1] == runs["first"][0][1]
    assert found[2][0] == DAY + timedelta(days=89)
    # All have aged by the same days, but for the one who bought.
    assert [found[2][2]["recency", cut] for cut in (1, 2, 3, 4)] == [
        -RECENCY[cut] - 89 for cut in (1, 2, 3, 4)
    ]


def test_cuts_are_due_when_ninety_days_have_passed(runs):
    found, in_force = runs["90 days later"]
    before, _ = runs["due sooner"]
    assert in_force == [3]
    assert {number: found[number] for number in before} == before
    assert found[3][0] == DAY + timedelta(days=89 + 90)
    assert found[3][2]["recency", 4] == -RECENCY[4] - 89 - 90


def test_a_user_can_ask_for_new_cuts(runs):
    found, in_force = runs["told to"]
    before, _ = runs["90 days later"]
    assert in_force == [4]
    assert {number: found[number] for number in before} == before
    assert found[4] == before[3]


def test_other_vars_are_measured_anew_beside_what_was_kept(runs):
    found, in_force = runs["other vars"]
    before, _ = runs["told to"]
    assert in_force == [5]
    assert {number: found[number] for number in before} == before
    assert "frequency_cuts=all" in found[5][1]
    # Plain quintiles of as many buyers with one order as with two, three, four and five.
    assert [found[5][2]["frequency", cut] for cut in range(1, 5)] == [1, 2, 3, 4]


def test_lost_state_is_calibrated_again(runs):
    found, in_force = runs["state lost"]
    before, _ = runs["other vars"]
    assert list(found) == in_force == [1]
    assert found[1] == before[4]
