"""Identity against the same rules written out in Python, on any records and over many builds.

Run as a script, this file drives dbt through those builds in one process.
"""

import csv
import itertools
import json
import random
import re
import shutil
import sys
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from conftest import dbt_here, project_copy, story_of, texts_matching
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from identity_reference import Decisions, Record, hash_of, parts, resolve

from lifecycle import components

NOON = datetime(2025, 3, 1, 12)
# Identifiers that a record of a table may carry, and its columns of key and time.
TABLES = {
    "shop.orders": (
        ("customer_id", "email", "phone", "loyalty_card_id", "anonymous_id"),
        "order_id",
        "ordered_at",
    ),
    "pos.receipts": (("email", "phone", "loyalty_card_id"), "receipt_id", "sold_at"),
    "web.events": (("customer_id", "email", "anonymous_id"), "event_id", "occurred_at"),
    "messaging.consents": (("customer_id", "email", "phone"), "consent_id", "changed_at"),
}
MODELS = (
    "records",
    "nodes",
    "decisions",
    "links",
    "partners",
    "unusable",
    "components",
    "members",
    "identifiers",
)


# ---------- any records, in the process: the compiled models


class Models:
    """The compiled models of identity on staged records, without cuts."""

    def __init__(self, build):
        nodes = build.manifest["nodes"]
        self.sql = {
            name: nodes[f"model.lifecycle.int_identity__{name}"]["compiled_code"] for name in MODELS
        }
        self.connection = duckdb.connect(config={"threads": 1})
        execute = self.connection.execute
        execute("set variable hash_salt = 'demo'")
        execute("attach ':memory:' as warehouse")
        execute(f"attach '{build.database}' as built (read_only)")
        for schema in ("staging", "seeds", "intermediate"):
            execute(f"create schema warehouse.{schema}")
        for schema, table in execute(
            "select table_schema, table_name from information_schema.tables"
            " where table_catalog = 'built'"
            " and (table_schema = 'seeds' or table_name like 'stg\\_%' escape '\\')"
        ).fetchall():
            rows = "" if schema == "seeds" else "limit 0"
            execute(
                f"create table warehouse.{schema}.{table} as from built.{schema}.{table} {rows}"
            )
        execute("detach built")
        execute("use warehouse")
        execute(
            "create table intermediate.int_identity__separated (node_id bigint, part_id bigint)"
        )

    def resolve(self, records):
        execute = self.connection.execute
        for table, (types, key, time) in TABLES.items():
            staged = f"staging.stg_{table.replace('.', '__')}"
            execute(f"truncate {staged}")
            rows = [
                [record.key, record.at, *(dict(record.identifiers).get(name) for name in types)]
                for record in records
                if record.table == table
            ]
            if rows:
                marks = ", ".join("?" * len(rows[0]))
                self.connection.executemany(
                    f"insert into {staged} ({key}, {time}, {', '.join(types)}) values ({marks})",
                    rows,
                )
        execute("update staging.stg_web__events set is_bot = false")
        for name, sql in self.sql.items():
            target = f"intermediate.int_identity__{name}"
            if name == "components":
                execute(f"create or replace temp table edges as {sql}")
                components.find(self.connection, "edges", target)
            else:
                execute(f"create or replace table {target} as {sql}")
        rows = execute(
            "select identifier_hash, profile_id, coalesce(reason, 'linked')"
            " from intermediate.int_identity__nodes"
            " left join intermediate.int_identity__unusable using (node_id)"
            " left join intermediate.int_identity__identifiers using (identifier_hash)"
        ).fetchall()
        return {identifier: (profile, status) for identifier, profile, status in rows}


@pytest.fixture(scope="module")
def models(demo):
    return Models(demo)


VALUES = {
    "customer_id": [f"C{n}" for n in range(4)],
    "loyalty_card_id": [f"L{n}" for n in range(4)],
    "email": [f"e{n}@example.com" for n in range(6)] + ["test@example.com"],
    "phone": [f"+49301{n}" for n in range(5)] + ["+490000000"],
    "anonymous_id": [f"d{n}" for n in range(3)],
}


@st.composite
def any_record(draw):
    table = draw(st.sampled_from(list(TABLES)))
    types = draw(st.lists(st.sampled_from(TABLES[table][0]), min_size=1, max_size=3, unique=True))
    identifiers = tuple((name, draw(st.sampled_from(VALUES[name]))) for name in types)
    return table, draw(st.integers(0, 400)), identifiers


def records_of(drawn):
    return [
        Record(table, f"R{place}", NOON + timedelta(hours=hours), identifiers)
        for place, (table, hours, identifiers) in enumerate(drawn)
    ]


any_records = st.lists(any_record(), max_size=30).map(records_of)
few = settings(max_examples=20, deadline=None)


@few
@given(any_records)
def test_identity_of_any_records(models, records):
    assert models.resolve(records) == resolve(records)


@few
@given(any_records, st.randoms(use_true_random=False))
def test_neither_order_nor_repetition_changes_anybody(models, records, chance):
    once = models.resolve(records)
    again = [
        Record(record.table, f"{record.key} again", record.at, record.identifiers)
        for record in chance.sample(records, len(records) // 2)
    ]
    shuffled = records + again
    chance.shuffle(shuffled)
    assert models.resolve(shuffled) == once


@few
@given(any_records)
def test_a_record_without_identifiers_changes_nothing(models, records):
    nobody = [Record(table, "nobody", NOON - timedelta(days=999), ()) for table in TABLES]
    assert models.resolve(records + nobody) == models.resolve(records)


@few
@given(any_records, any_records)
def test_ids_stay_while_later_records_come(models, records, later):
    """Whoever is there keeps his id, unless he is merged or an identifier is over its limit now."""
    before = models.resolve(records)
    grown = records + [
        Record(one.table, f"{one.key} later", one.at + timedelta(days=99), one.identifiers)
        for one in later
    ]
    after = models.resolve(grown)
    assume(all(after[one][1] == status for one, (_, status) in before.items()))
    moved = defaultdict(set)
    for one, (profile, _) in before.items():
        if profile:
            moved[after[one][0]].add(profile)
    for new, old in moved.items():
        assert new in old, "a new id for people who were there"


def test_an_earlier_record_that_arrives_late_gives_another_id(models):
    first = Record("shop.orders", "R1", NOON, (("email", "a@example.com"), ("phone", "+49301")))
    late = Record("pos.receipts", "R2", NOON - timedelta(days=1), (("phone", "+49301"),))
    assert set(models.resolve([first]).values()) == {
        (hash_of(("email", "a@example.com")), "linked")
    }
    assert set(models.resolve([first, late]).values()) == {(hash_of(("phone", "+49301")), "linked")}


# ---------- many builds: records, decisions and erasures that come and go

WORLDS = 120
FIRST_NAME = "Erasmus"
# Whom a request names and no other record.
UNSEEN = ("email", "w999e9@world.example")


def world(number, chance):
    """Records of a few people who share nothing with those of another world."""
    pools = {
        "customer_id": [f"w{number}c{n}" for n in range(4)],
        "loyalty_card_id": [f"w{number}l{n}" for n in range(3)],
        "email": [f"w{number}e{n}@world.example" for n in range(5)],
        "phone": [f"+4930{1111 + number}{n}" for n in range(4)],
        "anonymous_id": [f"w{number}d{n}" for n in range(3)],
    }
    records = []
    for place in range(chance.randint(3, 12)):
        table = chance.choice(list(TABLES))
        types = TABLES[table][0]
        chosen = sorted(chance.sample(types, min(len(types), chance.choice([1, 2, 2, 2, 3]))))
        at = NOON + timedelta(minutes=chance.randint(0, 500_000))
        identifiers = tuple((name, chance.choice(pools[name])) for name in chosen)
        records.append(Record(table, f"w{number}r{place}", at, identifiers))
    return records


def tablet():
    """A thousand buyers at one tablet, an hour apart; each looks at a page, then buys."""
    records = []
    for number in range(1000):
        at, device = NOON + timedelta(hours=number), ("anonymous_id", "tablet")
        buyer = ("customer_id", f"buyer-{number:04d}")
        records += [
            Record("web.events", f"page-{number:04d}", at, (device,)),
            Record(
                "shop.orders", f"order-{number:04d}", at + timedelta(minutes=5), (device, buyer)
            ),
        ]
    return records


def story():
    """Build after build: its name, records, decisions, erasure requests and dbt options."""
    chance = random.Random(5)
    worlds = [world(number, chance) for number in range(WORLDS)]
    grown = list(itertools.chain.from_iterable(worlds))
    first = [record for record in grown if chance.random() < 0.7]
    grown += tablet()
    decided = Decisions()
    for records in chance.sample(worlds, 70):
        identifiers = sorted({one for record in records for one in record.identifiers})
        pairs = [tuple(chance.sample(identifiers, 2)) for _ in range(chance.choice([1, 1, 2, 3]))]
        joins = [tuple(chance.sample(identifiers, 2))] if chance.random() < 0.4 else []
        joined = parts(identifiers, {}, Decisions(joins=joins))
        decided.joins += joins
        decided.cuts += [cut for cut in pairs if not any(set(cut) <= part for part in joined)]
    decided.cuts.append((("email", "nowhere@world.example"), ("phone", "+49309999")))
    requests = {}
    for number in chance.sample(range(WORLDS), 25):
        asked = {
            one
            for record in worlds[number]
            for one in record.identifiers
            if one[0] in ("customer_id", "email", "phone")
        }
        if asked:
            requests[f"Q{number}"] = chance.choice(sorted(asked))
    requests["Q-unseen"] = UNSEEN
    nobody = Decisions()
    return [
        ("first", first, nobody, {}, ()),
        ("grown", grown, nobody, {}, ()),
        ("unchanged", grown, nobody, {}, ()),
        ("decided", grown, decided, {}, ()),
        ("undecided", grown, nobody, {}, ()),
        ("erased", grown, nobody, requests, ()),
        ("redelivered", grown, nobody, {}, ()),
        ("refreshed", grown, nobody, {}, ("--full-refresh",)),
    ]


def write_csv(path, columns, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def personal(customer):
    """What only the account of a customer says about him."""
    return [f"{FIRST_NAME}-{customer}", f"Surname-{customer}", f"City-{customer}"]


def write_raw(raw, records, requests):
    shutil.rmtree(raw, ignore_errors=True)
    for table, (types, key, time) in TABLES.items():
        more = {
            "shop.orders": {"total_amount": "10.00"},
            "pos.receipts": {"total_amount": "5.00"},
            "web.events": {"event_type": "page_view", "page_url": "https://shop.example/"},
            "messaging.consents": {"channel": "email", "status": "granted"},
        }[table]
        rows = [
            [
                record.key,
                record.at,
                *more.values(),
                *(dict(record.identifiers).get(t) for t in types),
            ]
            for record in records
            if record.table == table
        ]
        write_csv(raw / f"{table.replace('.', '/')}.csv", [key, time, *more, *types], rows)
    customers = sorted(
        {value for record in records for name, value in record.identifiers if name == "customer_id"}
    )
    write_csv(
        raw / "shop" / "customers.csv",
        ["customer_id", "first_name", "last_name", "city"],
        [[customer, *personal(customer)] for customer in customers],
    )
    write_csv(
        raw / "privacy" / "erasure_requests.csv",
        ["request_id", "requested_at", "customer_id", "email", "phone"],
        [
            [
                request,
                NOON,
                *(value if name == asked else None for name in ("customer_id", "email", "phone")),
            ]
            for request, (asked, value) in requests.items()
        ],
    )


def write_decisions(seeds, decisions):
    columns = ["type_a", "value_a", "type_b", "value_b", "why"]
    for name, pairs in (("links", decisions.joins), ("splits", decisions.cuts)):
        rows = [
            # Every other one as a reader of the marts would write it.
            [one[0], one[1] if place % 2 else f"hash:{hash_of(one)}", *other, "test"]
            for place, (one, other) in enumerate(dict.fromkeys(pairs))
        ]
        write_csv(seeds / f"identity_{name}.csv", columns, rows)


def drive(home):
    """Runs dbt through the story and keeps, build by build, what the tests look at."""
    raw, seeds = home / "raw", home / "project" / "seeds"
    dbt = dbt_here(home, home / "project")

    def run(records, decisions, requests, *options):
        write_raw(raw, records, requests)
        write_decisions(seeds, decisions)
        command = ("build", "--exclude-resource-type", "unit_test", *options)
        return dbt(*command, variables={"as_of_date": "2026-03-01"})

    untested = ("--exclude-resource-type", "test")
    identity = ("--select", "+profile_identifiers", "+identity_changes", *untested)
    whole = {"undecided": untested, "erased": (), "redelivered": untested}
    for name, records, decisions, requests, options in story():
        failed = run(records, decisions, requests, *whole.get(name, identity), *options)
        kept = {"what": name, "success": not failed, "failed": failed[:5]}
        if not failed:
            kept |= look(home, full=name in whole)
        print(json.dumps(kept, default=str))

    records = story()[1][1]
    known = sorted({one for record in records for one in record.identifiers})[:3]
    for name, decisions in {
        "contradiction": Decisions(
            joins=[(known[0], known[1]), (known[1], known[2])], cuts=[(known[0], known[2])]
        ),
        "nothing said": Decisions(cuts=[(known[0], known[1]), (("email", "no address"), known[0])]),
    }.items():
        failed = run(records, decisions, {}, *identity)
        print(json.dumps({"what": name, "success": not failed, "failed": failed}))


def look(home, full):
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        connection.execute(f"attach '{home / 'state.duckdb'}' as state (read_only)")
        query = lambda sql: connection.execute(sql).fetchall()  # noqa: E731
        seen = {
            "identifiers": query(
                "select identifier_hash, profile_id, status from marts.profile_identifiers"
            ),
            "changes": query(
                "select change_type, old_profile_id, new_profile_id, identifier_count"
                " from marts.identity_changes order by change_number"
            ),
        }
        if full:
            seen["orders"] = query(
                "select order_id, profile_id, cast(total_amount as varchar) from marts.orders"
            )
            seen["at_tablet"] = query(
                "select record_id, profile_id, found_by"
                " from intermediate.int_identity__shared_device_records"
                " where anonymous_id = 'tablet'"
            )
            seen["visits"] = query(
                "select count(*), count(distinct profile_id) from intermediate.int_profiles__visits"
                " where session_id like 'anonymous_id:tablet:%'"
            )
            seen["profiles"] = query("select profile_id from marts.customer_profiles")
            seen["words"] = sorted(words_in(connection))
        return seen


def words_in(connection):
    """Every word of a world that stands in any column but those of the raw files."""
    pattern = rf"w\d+[cled]\d+|\+4930\d{{5}}|(?:{FIRST_NAME}|Surname|City)-\w+"
    texts = texts_matching(connection, pattern)
    return {
        word
        for schema, _, text in texts
        if not schema.startswith("raw_")
        for word in re.findall(pattern, text)
    }


@pytest.fixture(scope="module")
def builds(tmp_path_factory):
    home = tmp_path_factory.mktemp("identity")
    project_copy(home)
    return {line["what"]: line for line in story_of(__file__, home)}


STORY = {name: told for name, *told in story()}


def mapping(build):
    return {identifier: (profile, status) for identifier, profile, status in build["identifiers"]}


def denied():
    """Hashes of all that the people have who asked to be erased, and of what they named."""
    _, records, _, requests, _ = next(told for told in story() if told[0] == "erased")
    names = {hash_of(one): one for record in records for one in record.identifiers}
    people = defaultdict(set)
    for one, (profile, _) in resolve(records).items():
        people[profile].add(one)
    profiles = resolve(records)
    reached = set()
    for asked in requests.values():
        if asked != UNSEEN:
            # What is shared is nobody's, and is not denied.
            profile, _ = profiles[hash_of(asked)]
            reached |= people[profile] if profile else set()
    return reached, {names[one] for one in reached}


def test_every_build_of_the_story_succeeds(builds):
    assert {
        name: build["failed"] for name, build in builds.items() if not build["success"]
    }.keys() == {
        "contradiction",
        "nothing said",
    }, [build["failed"] for name, build in builds.items() if name in STORY]


@pytest.mark.parametrize("name", ["first", "grown", "unchanged", "decided", "undecided"])
def test_everybody_is_who_the_reference_says(builds, name):
    records, decisions, _, _ = STORY[name]
    assert mapping(builds[name]) == resolve(records, decisions)


def test_decisions_take_effect(builds):
    """So that the test above says something: cuts did separate, joins did join."""
    grown, decided = mapping(builds["grown"]), mapping(builds["decided"])
    _, decisions, _, _ = STORY["decided"]
    for cut in decisions.cuts[:-1]:
        sides = [decided[hash_of(one)][0] for one in cut]
        assert None in sides or sides[0] != sides[1]
    together = [
        cut
        for cut in decisions.cuts[:-1]
        if None is not grown[hash_of(cut[0])][0] == grown[hash_of(cut[1])][0]
    ]
    assert len(together) > 20
    assert len(set(decided.values()) - set(grown.values())) > 20


def test_without_the_decisions_all_is_as_before(builds):
    assert mapping(builds["undecided"]) == mapping(builds["grown"])


def test_a_tablet_of_a_thousand_people_makes_a_thousand_people(builds):
    build = builds["undecided"]
    people = mapping(build)
    buyers = {
        number: people[hash_of(("customer_id", f"buyer-{number:04d}"))] for number in range(1000)
    }
    assert len(set(buyers.values())) == 1000
    assert people[hash_of(("anonymous_id", "tablet"))] == (None, "shared")
    found = {record: (profile, how) for record, profile, how in build["at_tablet"]}
    for number, (profile, _) in buyers.items():
        assert found[f"order-{number:04d}"] == (profile, "named")
        assert found[f"page-{number:04d}"] == (profile, "session")
    assert build["visits"] == [[1000, 1000]]


def changes_between(old, new):
    """What became of old profiles, by where their identifiers are now."""
    old = {one: profile for one, (profile, _) in old.items() if profile}
    new = {one: profile for one, (profile, _) in new.items() if profile}
    told = Counter()
    for one, profile in old.items():
        if one in new and new[one] != profile:
            gone, known = profile not in new.values(), new[one] in old.values()
            kind = {
                (True, True): "merged",
                (True, False): "renamed",
                (False, False): "split",
                (False, True): "moved",
            }[gone, known]
            told[kind, profile, new[one]] += 1
    for profile in set(old.values()):
        left = {one for one, owner in old.items() if owner == profile}
        if not left & new.keys():
            told["removed", profile, None] = len(left)
    return {(*change, count) for change, count in told.items()}


def test_changes_tell_what_became_of_each_id(builds):
    names = list(STORY)
    assert builds["first"]["changes"] == []
    kinds = set()
    for before, after in itertools.pairwise(names):
        known, told = (builds[name]["changes"] for name in (before, after))
        assert told[: len(known)] == known, "what was told is never changed"
        fresh = {tuple(change) for change in told[len(known) :]}
        assert fresh == changes_between(mapping(builds[before]), mapping(builds[after])), after
        kinds |= {change[0] for change in fresh}
    assert kinds == {"merged", "renamed", "split", "moved", "removed"}
    assert builds["unchanged"]["changes"] == builds["grown"]["changes"]


def test_erasure_reaches_all_a_person_has(builds):
    reached, people = denied()
    records, *_ = STORY["erased"]
    expected = resolve(records, denied=reached)
    assert mapping(builds["erased"]) == expected
    # Records of theirs are nobody's by the next build, and with them what nobody else has named.
    order = ("customer_id", "loyalty_card_id", "email", "phone", "anonymous_id")
    named = {
        hash_of(one)
        for record in records
        if record.identifiers
        and min(record.identifiers, key=lambda one: order.index(one[0])) not in people
        for one in record.identifiers
    }
    expected = {one: whose for one, whose in expected.items() if one in named}
    for name in ("redelivered", "refreshed"):
        assert mapping(builds[name]) == expected, name
    assert 0 < len(mapping(builds["erased"]).keys() - named) < 10


def test_nothing_of_the_erased_is_left_but_in_raw_files(builds):
    _, people = denied()
    words = {value.split("@")[0] for _, value in people}
    words |= {word for name, value in people if name == "customer_id" for word in personal(value)}
    # They are found where they are, so that it means something not to find them.
    assert words <= set(builds["undecided"]["words"])
    for name in ("erased", "redelivered"):
        found = set(builds[name]["words"])
        assert not words & found, name
        assert UNSEEN[1].split("@")[0] not in found, name
        assert len(found) > 500


def test_orders_of_the_erased_stay_as_sales_of_nobody(builds):
    reached, people = denied()
    records, *_ = STORY["erased"]
    before, after = (
        {order: (profile, amount) for order, profile, amount in builds[name]["orders"]}
        for name in ("undecided", "erased")
    )
    assert after.keys() == before.keys()
    theirs = {
        record.key for record in records if record.identifiers and set(record.identifiers) <= people
    }
    assert len(theirs & after.keys()) > 20
    for order, (profile, amount) in after.items():
        assert amount == before[order][1]
        assert profile == (None if before[order][0] in reached else before[order][0]), order
    assert not reached & {profile for (profile,) in builds["erased"]["profiles"]}


def test_contradicting_decisions_stop_the_build(builds):
    (message,) = builds["contradiction"]["failed"][:1]
    assert "seeds/identity_splits.csv separates" in message
    assert "seeds/identity_links.csv joins them, itself or through others" in message
    (message,) = builds["nothing said"]["failed"][:1]
    assert "seeds/identity_splits.csv" in message and "no two identifiers" in message


if __name__ == "__main__":
    drive(Path(sys.argv[1]))
