"""History that is carried on from build to build against history that is told anew.

Run as a script, this file drives dbt through the builds of one small shop in one process: every
batch brings what is new, what comes late, and corrections of what came before.
"""

import csv
import json
import random
import re
import shutil
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest
from conftest import dbt_here, project_copy, story_of, texts_matching

START, DAYS, BATCHES = datetime(2024, 1, 1), 420, 9
# Day of the story on which each batch is delivered: the second one is most of a year.
DELIVERED = [240, 300, 301, 302, 330, 362, 376, 390, 420]
LATE_DAY = (START + timedelta(days=DELIVERED[2] - 1)).date()
LATE, OLDER = "late@shop.example", "older@shop.example"
ERASED = ("C1", "C2", "C3")
# Of the playbook, and of somebody who did not look there.
LETTERS = ("lost_mailing", "about_to_sleep_letter", "news")
COLUMNS = {
    "shop.orders": (
        "order_id",
        "ordered_at",
        "total_amount",
        "customer_id",
        "email",
        "phone",
        "anonymous_id",
        "status",
        "cancelled_at",
    ),
    "shop.refunds": ("refund_id", "order_id", "refunded_at", "amount"),
    "shop.customers": ("customer_id", "created_at", "email", "phone", "country", "is_test"),
    "web.events": (
        "event_id",
        "event_type",
        "occurred_at",
        "anonymous_id",
        "customer_id",
        "utm_source",
        "product_id",
    ),
    "messaging.events": (
        "event_id",
        "message_id",
        "channel",
        "event_type",
        "occurred_at",
        "email",
        "campaign_id",
    ),
    "messaging.consents": ("consent_id", "channel", "status", "changed_at", "email"),
    "experiments.assignments": ("experiment_id", "arm", "assigned_at", "customer_id", "email"),
    "shop.products": ("product_id", "category"),
    "privacy.erasure_requests": ("request_id", "requested_at", "customer_id"),
}


# ---------- the shop


def deliveries(seed):
    """What each batch holds: table to rows. What happened is late now and then, and corrected."""
    chance = random.Random(seed)
    batches = [{table: [] for table in COLUMNS} for _ in range(BATCHES)]

    def at(day):
        return START + timedelta(days=day, seconds=chance.randrange(86_400))

    def deliver(table, day, *row):
        batch = next(n for n, last in enumerate(DELIVERED) if day < last)
        if batch < BATCHES - 1 and chance.random() < 0.03:
            batch = chance.randrange(batch, BATCHES)
        batches[batch][table].append(row)
        return batch

    number = 0
    for person in range(150):
        customer, email = f"C{person}", f"c{person}@shop.example"
        phone, device = f"+4930123{person:04d}", f"D{person}"
        joined = chance.randrange(DAYS - 30)
        kind = chance.choice(["account", "account", "guest", "contact", "visitor"])
        if kind in ("account", "contact"):
            account = (customer, at(joined), email, phone, None, chance.random() < 0.03)
            deliver("shop.customers", joined, *account)
        pace = chance.choice([15, 40, 90, 400])
        day = joined + chance.expovariate(1 / pace)
        while kind in ("account", "guest") and day < DAYS:
            number += 1
            when, amount = at(int(day)), chance.randrange(10, 200)
            names = {
                "account": (customer, None, None, chance.choice([device, None])),
                "guest": (None, email, chance.choice([phone, None]), device),
            }[kind]
            # A guest may buy with the number of somebody else: the two are one person from then on.
            if chance.random() < 0.01:
                names = (*names[:2], f"+4930123{chance.randrange(150):04d}", names[3])
            order = (f"O{number}", when, amount, *names)
            batch = deliver("shop.orders", int(day), *order, "completed", None)
            fate = chance.random()
            later = int(day) + chance.randrange(1, 60)
            if fate < 0.08 and later < DAYS:
                deliver("shop.refunds", later, f"R{number}", f"O{number}", at(later), amount // 2)
            elif fate < 0.14 and later < DAYS:
                again = max(batch, next(n for n, last in enumerate(DELIVERED) if later < last))
                batches[again]["shop.orders"].append((*order, "cancelled", at(later)))
            day += chance.expovariate(1 / pace)
        for nth in range(chance.randrange(6)):
            seen = joined + chance.randrange(DAYS - joined)
            known = customer if kind == "account" and chance.random() < 0.5 else None
            source = chance.choice([None, None, "google"])
            event = (f"W{person}-{nth}", "page_view", at(seen), device, known, source, None)
            deliver("web.events", seen, *event)
        if kind in ("account", "contact"):
            for nth in range(chance.randrange(4)):
                read = joined + chance.randrange(DAYS - joined)
                message = (f"M{person}-{nth}", f"M{person}-{nth}", "email", "opened", at(read))
                deliver("messaging.events", read, *message, email, None)
    advertise(chance, at, deliver)
    # Of the days before the second batch, and delivered after it: on the same day of the story.
    for person in range(0, 150, 10):
        day, names = DELIVERED[2] - 1 - person // 10, (f"D{person}", f"c{person}@shop.example")
        news = batches[3]
        news["web.events"].append(
            (f"N{person}", "add_to_cart", at(day), names[0], None, None, f"P{person % 4}")
        )
        news["messaging.consents"].append((f"N{person}", "email", "granted", at(day), names[1]))
        news["experiments.assignments"].append(("late", "ab"[person % 2], at(day), None, names[1]))
        order = (f"N{person}", at(day), 70, None, names[1], None, names[0], "completed", None)
        news["shop.orders"].append(order)
    # One of them is older than all others: periods begin earlier, and are counted from another on.
    orders = [(LATE, 40, 0), (LATE, 200, 0), (LATE, 120, 2), (OLDER, 40, 0), (OLDER, -40, 7)]
    for nth, (email, day, batch) in enumerate(orders):
        when = START + timedelta(days=day, hours=12)
        order = (f"L{nth}", when, 50, None, email, None, None, "completed", None)
        batches[batch]["shop.orders"].append(order)
    # Accounts alone say something else of who ordered as a guest: he is staff, or lives elsewhere.
    for name, told in {
        "staff": [("DE", False), ("DE", True)],
        "mover": [("DE", False), ("FR", False)],
    }.items():
        when, email = START + timedelta(days=10, hours=12), f"{name}@shop.example"
        order = (f"A{name}", when, 50, None, email, None, None, "completed", None)
        batches[0]["shop.orders"].append(order)
        for batch, stated in zip((0, 2), told, strict=True):
            batches[batch]["shop.customers"].append((f"A{name}", START, email, None, *stated))
    # Two orders of one buyer are corrected in the same way: so are their hashes.
    for batch, amount in [(0, 50), (2, 60)]:
        for nth in range(2):
            when = START + timedelta(days=40 + nth, hours=12)
            order = (f"P{nth}", when, amount, None, "pair@shop.example", None, None)
            batches[batch]["shop.orders"].append((*order, "completed", None))
    # Somebody sells every day, so that the last day is no slip of the keyboard.
    for day in range(DAYS):
        batch = next(n for n, last in enumerate(DELIVERED) if day < last)
        when = START + timedelta(days=day, hours=20)
        order = (f"E{day}", when, 5, None, f"till{day % 7}@shop.example", None, None, None, None)
        batches[batch]["shop.orders"].append(order)
    at_shared_devices(batches)
    for customer in ERASED:
        asked = START + timedelta(days=370)
        batches[6]["privacy.erasure_requests"].append((f"Q{customer}", asked, customer))
    return batches


def advertise(chance, at, deliver):
    """Letters and who allows them, two experiments, and things that people look at."""
    for number in range(4):
        deliver("shop.products", 0, f"P{number}", f"kind {number % 2}")
    for person in range(150):
        customer, email, device = f"C{person}", f"c{person}@shop.example", f"D{person}"
        for nth in range(chance.randrange(3)):
            day = chance.randrange(DAYS)
            status = chance.choice(["granted", "granted", "withdrawn"])
            deliver("messaging.consents", day, f"S{person}-{nth}", "email", status, at(day), email)
        for nth in range(chance.randrange(4)):
            day = chance.randrange(DAYS)
            name, letter = f"A{person}-{nth}", chance.choice(LETTERS)
            deliver("messaging.events", day, name, name, "email", "sent", at(day), email, letter)
        if chance.random() < 0.5:
            day = chance.randrange(DAYS - 90)
            who = chance.choice([(customer, None), (None, email)])
            deliver("experiments.assignments", day, "colour", chance.choice("ab"), at(day), *who)
        # Of late, wherever the story stands.
        for last in DELIVERED:
            day = last - 1 - chance.randrange(40)
            event, kind = f"V{person}-{last}", chance.choice(["product_view", "add_to_cart"])
            if chance.random() < 0.3:
                thing = f"P{chance.randrange(4)}"
                deliver("web.events", day, event, kind, at(day), device, None, None, thing)


# Accounts that share devices, by twos: a device is the one's and the other's.
HOUSEHOLDS = {
    "T-told-anew": ("HA", "HB"),
    "T-shared-late": ("HC", "HD"),
    "T-merged": ("HE", "HF"),
    "T-shared-no-more": ("HG", "HH"),
    "T-of-erased": ("C2", "HI"),
    "T-quiet": ("HK", "HL"),
}


def at_shared_devices(batches):
    """What happens at devices of two people: whose it is, is told by what else happens there."""

    def event(batch, name, day, device, customer=None, source=None):
        when = START + timedelta(days=day)
        row = (name, "page_view", when, device, customer, source, None)
        batches[batch]["web.events"].append(row)

    def order(batch, name, day, *names):
        when = START + timedelta(days=day)
        batches[batch]["shop.orders"].append((name, when, 70, *names, "completed", None))

    for device, people in HOUSEHOLDS.items():
        for nth, who in enumerate(people):
            if who.startswith("H"):
                email = f"{who.lower()}@shop.example"
                joined = START + timedelta(days=90)
                batches[0]["shop.customers"].append((who, joined, email, None, None, False))
            # From one to the other are four days, and in between somebody is there.
            late = device == "T-shared-late" and nth
            event(4 if late else 0, f"{device}-known-{nth}", 200 + 4 * nth, device, who)
        for nth in range(3):
            event(0, f"{device}-{nth}", 201 + nth, device)
        # An order leaves windows by itself.
        if device != "T-quiet":
            order(0, f"{device}-order", 202.5, None, None, None, device)
    # Who came back unnoticed, and then who did before that: by visits and orders of the other.
    event(2, "T-told-anew-back", 200.5, "T-told-anew", "HB")
    event(4, "T-told-anew-again", 202.2, "T-told-anew", "HA")
    # A device is shared as of a build that breaks off, and goes on in the one after it.
    event(5, "T-shared-late-again", 201.5, "T-shared-late", "HD")
    order(5, "T-merged-two", 340, "HE", "hf@shop.example", None, None)
    # What one did there he did elsewhere; and a visit of the other was brought by an advertisement.
    event(5, "T-shared-no-more-known-1", 204, "T-own", "HH")
    event(6, "T-told-anew-0", 201, "T-told-anew", None, "google")


def write_raw(raw, batch, number):
    for table, columns in COLUMNS.items():
        path = raw / table.replace(".", "/") / f"{number:02d}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(batch[table])


# ---------- the builds

SPLIT = [["type_a", "value_a", "type_b", "value_b", "why"]]
SPLIT += [["customer_id", "C5", "email", "c5@shop.example", "test"]]
# Two of whom something is new in every batch.
JOIN = [SPLIT[0], ["email", "till0@shop.example", "email", "till1@shop.example", "test"]]
# A rule in a macro, and what it says in "other code".
RULE = ("macros/lifecycle/standing_of.sql", "then 'loyal_visitors'", "then 'visitors'")
# In every run: other vars than the run before make dbt parse all anew.
SAME_CUTS = {"recalibrate": False, "value_window_days": 90}
# The ledger of triggers takes no part of a build for a whole one.
NO_LEDGER = ("--exclude", "int_activation__trigger_ledger+")
PEOPLE_ALONE = ("--select", "int_segments__touched+", *NO_LEDGER)
PERIODS = ("--select", "int_periods+", *NO_LEDGER)
SOME_MODELS = ("int_orders__valued", "int_profiles__visits", "int_value__buyer_steps")
SOME_MODELS += ("int_profiles__activity", "profile_identifiers", "customer_profiles")


class Step(NamedTuple):
    """A build: batches delivered by then, vars, cuts by hand, code, and what is told anew later.

    Commands `before` it make no model.
    """

    name: str
    batches: int
    variables: dict | None = None
    is_cut: bool = False
    is_other_code: bool = False
    options: tuple = ()
    anew: tuple | None = None
    before: tuple = ()


STORY = [
    Step("first", 1),
    Step("late", 3, anew=()),
    # Of those whom the build before touched: what is taken away has to come back.
    Step("of some models", 3, options=("--select", *SOME_MODELS)),
    Step("unchanged", 3, before=(("test", "--select", "int_as_of_date"), ("seed",))),
    Step("same day", 4, {"as_of_date": str(LATE_DAY)}, anew=()),
    Step("broken off", 4, options=("--exclude", "int_segments__spans+")),
    # It told history anew, of some because days passed; nobody touches them in the build after it.
    Step("broken off later", 5, options=("--exclude", "customer_profiles+")),
    Step("mended", 5, anew=()),
    Step("recalibrated", 6, {"recalibrate": True}, anew=()),
    # Staging that has forgotten them, and staging that reads them once more.
    Step("erased", 7, anew=()),
    Step("older", 8, anew=()),
    Step("cut", 8, is_cut=True, anew=()),
    Step("other window", 8, {"visitor_window_days": 10}, is_cut=True),
    Step(
        "in the past",
        8,
        {"as_of_date": "2024-12-15"},
        options=("--select", "int_as_of_date+", *NO_LEDGER),
    ),
    Step("back again", 9, anew=()),
    Step("other code", 9, is_other_code=True, options=PERIODS, anew=PEOPLE_ALONE),
    Step("by day", 9, {"history_grain": "day"}, options=PERIODS),
    Step("rolling", 9, {"rfm_yardstick": "rolling"}, options=PERIODS),
    Step("by week", 9, {"history_grain": "week", "segment_map": "putler"}, options=PERIODS),
    Step(
        "by week, past",
        9,
        {"history_grain": "week", "segment_map": "putler", "as_of_date": "2025-02-01"},
        options=PERIODS,
        anew=PEOPLE_ALONE,
    ),
]


def drive(home, seed):
    """Runs dbt through the story; after each build the same is told anew, and held against it."""
    raw, seeds = home / "raw", home / "project" / "seeds"
    warehouse, state = home / "warehouse.duckdb", home / "state.duckdb"
    dbt = dbt_here(home, home / "project")
    splits = (seeds / "identity_splits.csv").read_text()
    rule = home / "project" / RULE[0]
    code = rule.read_text()
    assert RULE[1] in code
    batches = deliveries(seed)
    with (seeds / "identity_links.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(JOIN)

    def run(variables, *options):
        untested = ("--exclude-resource-type", "unit_test", "--exclude-resource-type", "test")
        failed = dbt("build", *untested, *options, variables=SAME_CUTS | variables)
        assert not failed, failed

    delivered, identifiers = 0, []
    for step in STORY:
        for number in range(delivered, step.batches):
            write_raw(raw, batches[number], number)
        delivered = step.batches
        with (seeds / "identity_splits.csv").open("w", newline="") as file:
            if step.is_cut:
                csv.writer(file, lineterminator="\n").writerows(SPLIT)
            else:
                file.write(splits)
        rule.write_text(code.replace(*RULE[1:]) if step.is_other_code else code)
        for command in step.before:
            failed = dbt(*command, variables=SAME_CUTS)
            assert not failed, failed
        run(step.variables or {}, *step.options)
        told = {"what": step.name} | look(warehouse)
        told["left"], identifiers = look_for(warehouse, state, identifiers)
        if step.anew is not None:
            kept = home / "kept.duckdb", home / "kept_state.duckdb"
            shutil.copy(warehouse, kept[0])
            shutil.copy(state, kept[1])
            run((step.variables or {}) | SAME_CUTS, "--full-refresh", *step.anew)
            anew = look(warehouse)
            told["refreshed"] = len(anew["touched"])
            told["differing"] = {
                mart: [len(rows), *differing(rows, anew["marts"][mart])]
                for mart, rows in told["marts"].items()
                if rows != anew["marts"][mart]
            }
            shutil.move(kept[0], warehouse)
            shutil.move(kept[1], state)
        print(json.dumps(told, default=str))


def look_for(warehouse, state, identifiers):
    """Where identifiers stand but in raw files, and those of who asks to be erased."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute(f"attach '{state}' as state (read_only)")
        known = connection.execute(f"""
            select identifier_value from intermediate.int_identity__identifiers
            where profile_id in (
                select profile_id from intermediate.int_identity__identifiers
                where identifier_type = 'customer_id' and identifier_value in {ERASED}
            )
        """).fetchall()
        values = "|".join(re.escape(value) for value in identifiers)
        left = texts_matching(connection, rf"(^|[^\w.@+])({values})($|[^\w.@])") if values else []
        return (
            sorted((schema, table, text) for schema, table, text in left if schema[:4] != "raw_"),
            [value for (value,) in known],
        )


def differing(rows, others):
    return [row for row in rows if row not in others][:2], [
        row for row in others if row not in rows
    ][:2]


def rounded(row):
    """Sums of floats depend on the order of rows: nine digits of them are the same."""
    return tuple(float(f"{value:.9g}") if isinstance(value, float) else value for value in row)


def look(warehouse):
    """All marts, but for when a row was restated, with what they do not show, and the touched."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        query = lambda sql: connection.execute(sql).fetchall()  # noqa: E731
        marts = query("""
            select table_name, table_schema from information_schema.tables
            where
                table_schema = 'marts'
                or table_name in (
                    'int_experiments__outcomes', 'int_identity__links', 'int_identity__nodes',
                    'int_identity__reachability'
                )
        """)
        columns = {"segment_membership": "* exclude (restated_at)"}
        return {
            "marts": {
                mart: sorted(
                    str(rounded(row))
                    for row in query(f"select {columns.get(mart, '*')} from {schema}.{mart}")
                )
                for mart, schema in marts
            },
            "touched": query("""
                select profile_id, is_changed from intermediate.int_segments__touched
            """),
            "people": query("select count(*) from intermediate.int_profiles")[0][0],
            "carried_on": query("""
                select count(distinct profile_id) from intermediate.int_profiles__touched
            """)[0][0],
            "in_activation": query("""
                select count(distinct profile_id) from intermediate.int_activation__touched
                where profile_id <> ''
            """)[0][0],
            "reasons": dict(
                query("""
                    select identifier_value, string_agg(distinct reason, ' ' order by reason)
                    from intermediate.int_profiles__touched
                    unpivot (is_one for reason in (columns('by_.*')))
                    inner join intermediate.int_identity__identifiers using (profile_id)
                    where is_one and identifier_type = 'customer_id' group by all
                """)
            ),
            "restated": query(f"""
                select identifier_value, period_end, restated_at
                from marts.segment_membership
                inner join intermediate.int_identity__identifiers using (profile_id)
                where identifier_value in ('{LATE}', '{OLDER}') order by all
            """),
            "restatements": query("""
                select profile_id, period_end, restated_at
                from intermediate.int_segments__restatements
                where restated_at = (select as_of_date from intermediate.int_as_of_date)
            """),
            "ends": query("""
                select
                    profile_id, period_end, segment, recency_days, order_count, net_revenue,
                    is_engaged
                from marts.segment_membership
                where segment is not null and (period_end = last_day(period_end) or is_current)
            """),
        }


@pytest.fixture(scope="module")
def builds(tmp_path_factory):
    home = tmp_path_factory.mktemp("incremental")
    project_copy(home)
    return {line["what"]: line for line in story_of(__file__, home)}


@pytest.mark.parametrize("name", [step.name for step in STORY if step.anew is not None])
def test_history_carried_on_is_history_told_anew(builds, name):
    build = builds[name]
    differing = dict(build["differing"])
    if name == "erased":
        # Until the next build an identifier that the erased shared counts their records as well.
        for table, same in {"profile_identifiers": 4, "int_identity__nodes": 7}.items():
            _, *told_and_anew = differing.pop(table)
            (told,), (anew,) = told_and_anew
            assert told.split(", ")[:same] == anew.split(", ")[:same]
    assert differing == {}
    assert len(build["marts"]["segment_membership"]) > 500
    assert build["refreshed"] == build["people"]


def test_whoever_is_erased_is_erased_from_what_is_carried_on(builds):
    """Their accounts, addresses and devices were in more than one table the build before."""
    before, after = builds["recalibrated"]["left"], builds["erased"]["left"]
    assert {"staging", "intermediate"} <= {schema for schema, _, _ in before}
    assert "int_web__sessions" in {table for _, table, _ in before}
    assert after == []


def test_only_those_are_told_anew_of_whom_something_may_be_new(builds):
    everybody = {name: build["people"] for name, build in builds.items()}
    touched = {name: len(build["touched"]) for name, build in builds.items()}
    assert touched["first"] == everybody["first"]
    assert touched["unchanged"] == 0
    assert builds["of some models"]["marts"] == builds["late"]["marts"]
    assert builds["unchanged"]["marts"] == builds["late"]["marts"]
    changed = [who for who, is_changed in builds["late"]["touched"] if is_changed]
    assert 10 < len(changed) < touched["late"] < everybody["late"]
    # So it is with whatever else is told of people; whom a build that broke off touched stays so.
    carried_on = {name: build["carried_on"] for name, build in builds.items()}
    assert 10 < carried_on["late"] < everybody["late"]
    assert carried_on["unchanged"] == 0
    assert len(ERASED) < carried_on["erased"] < everybody["erased"]
    assert 0 < carried_on["broken off"] < carried_on["recalibrated"] < everybody["recalibrated"]
    # Audiences and experiments look at whoever went elsewhere by time alone, too; and at everybody
    # after other cuts, or after a build that broke off before it was noted whom it told anew.
    in_activation = {name: build["in_activation"] for name, build in builds.items()}
    assert in_activation["unchanged"] < in_activation["late"]
    for name in ("late", "same day", "cut"):
        assert carried_on[name] <= in_activation[name] < everybody[name], name
    assert in_activation["late"] >= touched["late"]
    assert in_activation["recalibrated"] >= everybody["recalibrated"]
    # Another yardstick, another map and another grain leave nobody where he was.
    for name in ("recalibrated", "by day", "rolling", "by week"):
        assert touched[name] >= everybody[name], name


def test_at_a_device_of_several_people_those_are_told_anew_who_were_there_or_not(builds):
    late, mended, recalibrated = (
        builds[name]["reasons"] for name in ("late", "mended", "recalibrated")
    )
    # She did nothing since, but what the other did tells that she was not there.
    assert late["HA"] == late["HB"] == "by_orders by_visits"
    # The device was hers alone, and is now.
    assert mended["HC"] == "by_identity by_orders by_owners by_visits"
    assert "by_identity" in recalibrated["HG"]
    assert "by_identity" in recalibrated["HE"] and "by_identity" in recalibrated["HF"]
    for reasons in (late, mended, recalibrated):
        assert not {"HK", "HL"} & set(reasons)


def test_days_that_end_a_month_say_what_months_say(builds):
    months, days = (sorted(builds[name]["ends"]) for name in ("back again", "by day"))
    assert months == days
    assert len(months) > 500


def restated_ends(build, email):
    """Period ends of a person, and when their rows were restated, if they were."""
    return {date.fromisoformat(end): at for who, end, at in build["restated"] if who == email}


def test_an_order_that_comes_late_changes_the_past_and_says_so(builds):
    """Of the end of April: what was told of March stays, and August had not been told."""
    told = restated_ends(builds["late"], LATE)
    as_of = str((START + timedelta(days=DELIVERED[2] - 1)).date())
    assert {end: at for end, at in told.items() if at} == {
        end: as_of for end in told if date(2024, 4, 30) <= end < date(2024, 8, 1)
    }
    assert len([at for at in told.values() if at]) == 4
    # It stays said.
    assert builds["unchanged"]["restated"] == builds["late"]["restated"]
    assert not builds["first"]["restatements"]
    rows = len(builds["late"]["marts"]["segment_membership"])
    assert 4 <= len(builds["late"]["restatements"]) < rows / 10


def test_an_order_older_than_all_others_changes_the_past_of_its_buyer_alone(builds):
    """Periods are counted from another on then: what was said of them is said of the same ones."""
    before, after = builds["erased"], builds["older"]
    assert min(restated_ends(before, OLDER)) == date(2024, 2, 29)
    as_of = str((START + timedelta(days=DELIVERED[7] - 1)).date())
    told = restated_ends(after, OLDER)
    # What was bought is known to be more from then on; January is not over when it was last told.
    assert {end for end, at in told.items() if at == as_of} == {
        end for end in told if end < date(2025, 1, 1)
    }
    assert min(told) == date(2023, 11, 30)
    marked = [{end for end, at in restated_ends(b, LATE).items() if at} for b in (before, after)]
    assert marked[0] == marked[1]
    restated = {person for person, end, at in after["restatements"]}
    assert restated <= {who for who, is_changed in after["touched"] if is_changed}


@pytest.mark.parametrize("earlier, name", [("cut", "other window"), ("back again", "other code")])
def test_other_rules_alone_restate_nothing(builds, earlier, name):
    before, after = builds[earlier], builds[name]
    rows, others = (build["marts"]["segment_membership"] for build in (before, after))
    assert rows != others
    assert after["restatements"] == before["restatements"]


def test_new_cuts_alone_restate_nothing(builds):
    facts = dict(builds["recalibrated"]["touched"])
    restated = {person for person, end, at in builds["recalibrated"]["restatements"]}
    assert restated <= {person for person, is_changed in facts.items() if is_changed}
    assert sum(not is_changed for is_changed in facts.values()) > 20


if __name__ == "__main__":
    drive(Path(sys.argv[1]), seed=int(sys.argv[2]) if len(sys.argv) > 2 else 1)
