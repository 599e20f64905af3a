"""The golden record, chosen a second time from the wording of the rules, record by record."""

import csv
from collections import defaultdict
from datetime import datetime

import pytest
from conftest import PROJECT

DESCRIBED = ("first_name", "last_name", "birth_date", "city", "postal_code", "country")
ADDRESSES = ("email", "phone")
# What a record is told apart by, when it is from, and what it says.
TABLES = {
    "shop.customers": ("customer_id", "created_at", (*DESCRIBED, *ADDRESSES)),
    "pos.loyalty_members": (
        "loyalty_card_id",
        "joined_at",
        ("first_name", "last_name", *ADDRESSES),
    ),
    "shop.orders": ("order_id", "ordered_at", ADDRESSES),
    "pos.receipts": ("receipt_id", "sold_at", ADDRESSES),
    "web.events": ("event_id", "occurred_at", ("email",)),
    "messaging.events": ("event_id", "occurred_at", ADDRESSES),
    "messaging.consents": ("consent_id", "changed_at", ADDRESSES),
    "experiments.assignments": ("experiment_id", "assigned_at", ADDRESSES),
    "survey.nps_responses": ("response_id", "responded_at", ("email",)),
}
NEVER = datetime.min


@pytest.fixture(scope="module")
def rules():
    with (PROJECT / "seeds" / "survivorship_rules.csv").open() as rows:
        return {
            (row["attribute"], row["source_table"]): int(row["trust"])
            for row in csv.DictReader(rows)
        }


@pytest.fixture(scope="module")
def last_day(demo):
    return demo.query("select as_of_date from intermediate.int_as_of_date")[0][0]


@pytest.fixture(scope="module")
def owner(demo):
    return {
        (kind, value): profile
        for kind, value, profile in demo.query("""
            select identifier_type, identifier_value, profile_id
            from intermediate.int_identity__identifiers
        """)
    }


def records(demo, table, last_day):
    """Key, time and what is filled of every record that says something by the as-of date."""
    key, time, attributes = TABLES[table]
    said = [f"cast({attribute} as varchar)" for attribute in attributes]
    rows = demo.query(f"""
        select {key}, {time}, {", ".join(said)}
        from staging.stg_{table.replace(".", "__")}
        where coalesce({", ".join(said)}) is not null
            {"and not is_bot" if table == "web.events" else ""}
    """)
    for record, at, *values in rows:
        if at is None or at.date() <= last_day:
            filled = {
                attribute: value
                for attribute, value in zip(attributes, values, strict=True)
                if value is not None
            }
            yield record, at, filled


@pytest.fixture(scope="module")
def unreachable(demo, last_day):
    """Addresses that nothing reached after their last bounce."""
    stated = {
        account: {"email": email, "phone": phone}
        for account, email, phone in demo.query(
            "select customer_id, email, phone from staging.stg_shop__customers"
        )
    }
    bounced, arrived = {}, {}
    for channel, event_type, at, account, email, phone in demo.query("""
        select channel, event_type, occurred_at, customer_id, email, phone
        from staging.stg_messaging__events
        where event_type in ('bounced', 'delivered', 'opened', 'clicked')
    """):
        kind = {"email": "email", "sms": "phone"}.get(channel)
        named = email if kind == "email" else phone
        address = (kind, named or stated.get(account, {}).get(kind))
        if kind and at.date() <= last_day:
            latest = bounced if event_type == "bounced" else arrived
            latest[address] = max(at, latest.get(address, NEVER))
    return {address for address, at in bounced.items() if arrived.get(address, NEVER) <= at}


@pytest.fixture(scope="module")
def chosen(demo, rules, last_day, owner, unreachable):
    """Person and attribute to the best that any record says: record by record, no two at a time."""
    offers = defaultdict(list)
    for table, (key, _, _) in TABLES.items():
        for record, at, filled in records(demo, table, last_day):
            for attribute, value in filled.items():
                identifier = (attribute, value) if attribute in ADDRESSES else (key, record)
                trust = rules.get((attribute, table))
                if trust and (profile := owner.get(identifier)):
                    seen = (at or NEVER) - NEVER
                    offers[profile, attribute].append(
                        (
                            ((attribute, value) in unreachable, trust, -seen, -len(filled)),
                            (value, table, record, at),
                        )
                    )
    return {who: min(said) for who, said in offers.items()}


@pytest.fixture(scope="module")
def said(demo, last_day):
    """Table and key to all that the record says."""
    return {
        (table, record): set(filled.items())
        for table in TABLES
        for record, _, filled in records(demo, table, last_day)
    }


def test_golden_record_is_the_one_the_rules_name(demo, chosen, said):
    built = {
        (profile, attribute): (value, table, record, at)
        for profile, attribute, value, table, record, at in demo.query("""
            select profile_id, attribute, value, source_table, source_record, seen_at
            from intermediate.int_identity__golden_records
        """)
    }
    assert {who: (value, table, at) for who, (value, table, _, at) in built.items()} == {
        who: (value, table, at) for who, (_, (value, table, _, at)) in chosen.items()
    }
    for (_, attribute), (value, table, record, _) in built.items():
        if table != "experiments.assignments":  # names no single record
            assert (attribute, value) in said[table, record]
    # What is compared is no trifle: every attribute, many tables, people whose sources disagree.
    assert {attribute for _, attribute in built} == {*DESCRIBED, *ADDRESSES}
    assert len({table for _, table, _, _ in built.values()}) >= 6
    assert len(built) > 10_000


def test_profiles_show_what_is_reachable(demo, chosen):
    for attribute in ADDRESSES:
        shown = dict(
            demo.query(f"select profile_id, is_{attribute}_reachable from marts.customer_profiles")
        )
        expected = {
            profile: not rank[0]
            for (profile, kind), (rank, _) in chosen.items()
            if kind == attribute
        }
        assert {profile: expected.get(profile) for profile in shown} == shown
        assert {True, False, None} == set(shown.values()), attribute


def test_profiles_show_hashes_that_identifiers_have(demo):
    """Whoever holds the hash of an identifier finds the person, and nobody reads an address."""
    for attribute in ADDRESSES:
        assert demo.query(f"""
            select count(*) > 1000, count(*) = count(distinct profiles.{attribute}_hash)
            from marts.customer_profiles as profiles
            inner join intermediate.int_identity__identifiers as identifiers
                on profiles.profile_id = identifiers.profile_id
                and identifiers.identifier_type = '{attribute}'
                and profiles.{attribute}_hash
                    = left(sha256('demo:{attribute}:' || identifiers.identifier_value), 32)
            having count(*) = (
                select count({attribute}_hash) from marts.customer_profiles
            )
        """) == [(True, True)]


def test_nothing_of_the_golden_record_is_in_a_mart_in_the_clear(demo):
    columns = demo.query("""
        select table_name, column_name
        from duckdb_columns()
        where schema_name = 'marts' and data_type = 'VARCHAR'
    """)
    assert len(columns) > 20
    shown = " union ".join(
        f"select '{table}.{column}' as place, {column} as text from marts.{table}"
        for table, column in columns
    )
    assert (
        demo.query(f"""
        select distinct place
        from ({shown})
        where text in (
            select value
            from intermediate.int_identity__golden_records
            where attribute in ('first_name', 'last_name', 'city', 'email', 'phone')
        )
    """)
        == []
    )
