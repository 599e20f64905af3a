"""Input that is wrong: nothing is lost, nothing is let through, every refusal says what to do."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from conftest import PROJECT, dbt
from filelock import FileLock

from lifecycle import contract

# What must stand in `rejected_records` for each kind of broken record of the demo.
REASONS = {
    "missing key": "{key} is missing",
    "blank key": "{key} is missing",
    "missing time": "{time} is missing",
    "time that is none": "{time} is not a timestamp",
    "time in the future": "{time} is more than 24 hours after its arrival",
    "time before 1990": "{time} is before 1990",
    "missing total": "total_amount is missing",
    "total that is no number": "total_amount is not a decimal",
    "negative total": "total_amount is negative",
    "currency without a rate": "currency has no exchange rate",
    "line without its order": "line without its order",
    "line without its receipt": "line without its receipt",
    "refund without its order": "refund without its order",
    "return of no receipt": "return of a receipt that is not there",
    "missing quantity": "quantity is missing",
    "negative price": "{price} is negative",
    "price that is no number": "{price} is not a decimal",
    "negative refund": "amount is negative",
    "amount that is no number": "amount is not a decimal",
    "no identifier": "{identifiers} are missing",
    "missing type": "event_type is missing",
    "unknown type": "event_type is not known",
    "unknown channel": "channel is not known",
    "unknown status": "status is not known",
    "missing message": "message_id is missing",
    "missing arm": "arm is missing",
    "score above 10": "score is not between 0 and 10",
    "score below 0": "score is not between 0 and 10",
    "score that is no number": "score is not a decimal",
    "negative cost": "cost is negative",
    "cost that is no number": "cost is not a decimal",
    "missing channel": "channel is missing",
    "rate of zero": "rate_to_reporting is not above 0",
    "negative rate": "rate_to_reporting is not above 0",
    "day that is none": "rate_date is not a date",
}
COLUMNS = {
    "shop.orders": {"time": "ordered_at"},
    "shop.order_lines": {"price": "unit_price"},
    "shop.refunds": {"time": "refunded_at"},
    "shop.products": {"price": "price"},
    "pos.receipts": {"time": "sold_at"},
    "pos.receipt_lines": {"price": "unit_price"},
    "web.events": {
        "time": "occurred_at",
        "identifiers": "anonymous_id, customer_id and email",
    },
    "messaging.consents": {"time": "changed_at"},
    "privacy.erasure_requests": {
        "time": "requested_at",
        "identifiers": "customer_id, email and phone",
    },
}
MONEY = {
    "shop.orders": "total_amount",
    "shop.refunds": "amount",
    "pos.receipts": "total_amount",
    "ads.spend": "cost",
}


def raw_rows(raw: Path, name: str) -> str:
    """A query of all rows of a raw table, all columns as text."""
    source, table = name.split(".")
    place = raw / source / table
    files = sorted(place.iterdir()) if place.is_dir() else list(place.parent.glob(f"{table}.*"))
    columns = [column.name for column in contract.tables()[name].columns] + ["_loaded_at"]
    text = ", ".join(f"cast({column} as varchar) as {column}" for column in columns)
    scans = [
        f"read_csv('{path}', all_varchar = true, header = true)"
        if path.suffix == ".csv"
        else f"read_parquet('{path}')"
        for path in files
    ]
    return " union all ".join(f"select {text} from {scan}" for scan in scans)


@pytest.fixture(scope="module")
def broken(demo_raw):
    """(table, key, kind) of every record that the demo broke."""
    truth = demo_raw.with_name(f"{demo_raw.name}_truth") / "broken_records.parquet"
    return duckdb.sql(f"select table_name, record_key, kind from '{truth}'").fetchall()


# ---------- records


def bare_key(key):
    """Parts of a key that `record_key` shows as they came.

    Not those that tell who somebody is, a currency filled in, or a date that is none.
    """
    parts = re.split(r"[|]|, ", key or "")
    return tuple(
        part for part in parts if part.strip() not in ("", "EUR", "2025-02-30") and "@" not in part
    )


def test_every_broken_record_is_refused_for_what_is_wrong_with_it(demo, broken):
    expected = Counter(
        (
            table,
            bare_key(key),
            REASONS[kind].format(key=contract.tables()[table].key[0], **COLUMNS.get(table, {})),
        )
        for table, key, kind in broken
    )
    rejected = demo.query("select source_table, record_key, reason from marts.rejected_records")
    # And nothing else is: a good record that is refused is lost as well.
    assert Counter((table, bare_key(key), reason) for table, key, reason in rejected) == expected
    assert len({kind for _, _, kind in broken}) >= 20
    assert {table for table, _, _ in broken} == set(contract.tables())


def rows_of_erased_people(raw, name):
    """Rows that are nothing but a person who asked to be erased, by the truth, and their keys."""
    if name not in ("shop.customers", "pos.loyalty_members", "experiments.assignments"):
        return 0, 0
    table = contract.tables()[name]
    named = {"customer_id", "loyalty_card_id", "email", "anonymous_id"} & {
        column.name for column in table.columns
    }
    theirs = " or ".join(f"lower(trim({column})) in (from identifiers)" for column in sorted(named))
    query = f"""
        with truth as (
            select lower(trim(value)) as identifier, person_id
            from '{raw}_truth/identifiers.parquet'
        ),
        people as (
            select distinct person_id
            from truth
            inner join ({raw_rows(raw, "privacy.erasure_requests")}) as requests
                on identifier = lower(trim(requests.customer_id))
            where requests.requested_at is not null
        ),
        identifiers as (
            select distinct identifier from truth inner join people using (person_id)
            where identifier not like 'kiosk%' and identifier <> 'test@example.com'
        )
        select count(*), count(distinct ({", ".join(table.key)}, ''))
        from ({raw_rows(raw, name)}) where {theirs}
    """
    return duckdb.sql(query).fetchone()


def test_no_row_is_lost_in_any_table(demo, demo_raw):
    books = {
        subject: figures
        for subject, *figures in demo.query("""
            select
                subject, came_in, kept, repeated, rejected, erased, left_out, difference,
                is_balanced
            from marts.reconciliation
            where measure = 'rows'
        """)
    }
    refused = dict(
        demo.query("select source_table, count(*) from marts.rejected_records group by all")
    )
    for name, table in contract.tables().items():
        came_in = duckdb.sql(f"select count(*) from ({raw_rows(demo_raw, name)})").fetchone()[0]
        kept = demo.query(f"select count(*) from staging.stg_{name.replace('.', '__')}")[0][0]
        rejected = refused.get(name, 0)
        erased, erased_keys = rows_of_erased_people(demo_raw, name)
        repeated = came_in - kept - rejected - erased
        assert books[name] == [came_in, kept, repeated, rejected, erased, 0, 0, True], name
        # What is called repeated is: the good records share that many keys.
        key = ", ".join(f"coalesce(trim({column}), '')" for column in table.key)
        distinct_keys = duckdb.sql(
            f"select count(distinct concat_ws('|', {key})) from ({raw_rows(demo_raw, name)})"
        ).fetchone()[0]
        assert kept + erased_keys <= distinct_keys <= kept + rejected + erased_keys, name
    assert demo.query("select * from marts.reconciliation where not is_balanced") == []


def test_no_cent_is_lost_on_the_way_in(demo, demo_raw):
    books = dict(
        demo.query("select subject, came_in from marts.reconciliation where measure = 'amount'")
    )
    for name, column in MONEY.items():
        query = (
            f"select sum(try_cast({column} as decimal(18, 2))) from ({raw_rows(demo_raw, name)})"
        )
        assert books[name] == duckdb.sql(query).fetchone()[0], name
    assert books.keys() == MONEY.keys() | {"marts.orders"}


def test_last_delivery_wins(demo, demo_raw, broken):
    bad = {key for table, key, _ in broken if table == "shop.orders"}
    latest, deliveries = {}, Counter()
    for key, arrived, status, total in duckdb.sql(f"""
        select order_id, cast(_loaded_at as timestamp), lower(trim(status)), total_amount
        from ({raw_rows(demo_raw, "shop.orders")})
        where order_id is not null and trim(order_id) <> ''
    """).fetchall():
        if key not in bad:
            deliveries[key] += 1
            latest[key] = max(latest.get(key, (arrived, status, total)), (arrived, status, total))
    # A record sent twice unchanged tells nothing: some must have changed in between.
    assert sum(count > 1 for count in deliveries.values()) > 10
    built = demo.query("""
        select order_id, status, cast(total_amount as varchar)
        from marts.orders
        where order_source = 'shop'
    """)
    assert {key: (status, total) for key, status, total in built} == {
        key: (status, total) for key, (_, status, total) in latest.items()
    }


def test_a_line_of_unknown_cost_makes_the_margin_of_its_order_an_estimate(demo):
    assert (
        demo.query("""
        select distinct orders.order_id
        from marts.orders
        inner join staging.stg_shop__order_lines as lines
            on orders.order_key = 'shop:' || lines.order_id
        left join staging.stg_shop__products as products using (product_id)
        where
            orders.is_purchase
            and orders.refunded_amount = 0
            and coalesce(lines.unit_cost, products.unit_cost) is null
            and not orders.is_margin_estimated
    """)
        == []
    )


# ---------- people


@pytest.fixture(scope="module")
def contacts(demo_raw):
    """Every e-mail address and phone number of the raw data, as written and normalised."""
    values = set()
    for name, table in contract.tables().items():
        for column in table.columns:
            if column.name in ("email", "phone"):
                query = f"select distinct {column.name} from ({raw_rows(demo_raw, name)})"
                values |= {value for (value,) in duckdb.sql(query).fetchall() if value}
    found = set()
    for value in values:
        text = value.strip().lower()
        found |= {value.strip(), text}
        digits = re.sub(r"[^0-9]", "", text)
        if "@" not in text and len(digits) >= 7:
            found |= {digits, digits.lstrip("0"), re.sub(r"[^0-9]", "", text.replace("(0)", ""))}
    return {value for value in found if len(value) >= 7}


def tokens(text):
    """What in a text could be an address or a number."""
    return set(re.findall(r"[^\s\"'<>(),;:=|/&?\\{}\[\]]+@[^\s\"'<>(),;:=|/&?\\{}\[\]]+", text)) | {
        re.sub(r"[^0-9]", "", number) for number in re.findall(r"[+(]?[0-9][0-9 ()./+-]{5,}", text)
    }


def test_no_address_and_no_number_reaches_the_marts(demo, contacts):
    assert len(contacts) > 2_000
    columns = demo.query("""
        select table_name, column_name
        from information_schema.columns
        where table_schema = 'marts' and data_type in ('VARCHAR', 'JSON')
    """)
    assert len(columns) > 20
    for table, column in columns:
        values = demo.query(
            f"select distinct {column} from marts.{table} where {column} is not null"
        )
        for (value,) in values:
            assert value not in contacts, (table, column)
            leaked = {token.lower() for token in tokens(value) if "@" in token} & contacts
            # Hashes and keys have digits of their own: numbers count where they stand alone.
            leaked |= (
                set(re.findall(r"(?<![0-9a-f.:-])[+]?[0-9]{7,15}(?![0-9a-f.:-])", value)) & contacts
            )
            assert not leaked, (table, column)


def test_no_address_and_no_number_reaches_the_logs(demo, contacts):
    text = (demo.home / "logs" / "dbt.log").read_text() + demo.output
    assert len(text) > 100_000
    found = tokens(text)
    assert not {token for token in found if token.lower() in contacts}
    # The salt is read from the session and stands in no compiled query.
    assert "set variable hash_salt = 'demo'" not in text


# ---------- files

ORDERS = "order_id,ordered_at,total_amount\n1,2025-01-01 10:00:00,9.90\n"
# Kind of broken file: (file, content, what the message says beside the file's name).
BROKEN_FILES = {
    "empty": ("shop/orders.csv", b"", ["is empty", "export it again"]),
    "without header": (
        "shop/orders.csv",
        b"1,2025-01-01,9.90\n2,2025-01-02,8.00\n",
        ["has no line of column names", "add one", "order_id"],
    ),
    "without a column it must have": (
        "shop/orders.csv",
        b"order_id,ordered_at,email\n1,2025-01-01,a@b.org\n",
        ["total_amount"],
    ),
    "in Latin-1": (
        "shop/orders.csv",
        ORDERS.replace("1,2025", "1\u00e9,2025").encode("latin-1"),
        ["is not encoded in UTF-8", "line 2", "save it as UTF-8"],
    ),
    "a workbook": ("shop/orders.csv", b"PK\x03\x04rest", ["Excel workbook", "save it as CSV"]),
    "compressed": ("shop/orders.csv", b"\x1f\x8brest", ["compressed with gzip", "unpack it"]),
    "no Parquet": (
        "shop/orders.parquet",
        ORDERS.encode(),
        ["is no Parquet file", "export it again"],
    ),
    "cut off": (
        "shop/orders.parquet",
        b"PAR1 and then the copy stopped",
        ["is cut off", "copy or export it again"],
    ),
    "a folder without parts": ("shop/orders/readme.txt", b"soon", ["no .parquet or .csv parts"]),
    "nothing that sells": (
        "shop/customers.csv",
        b"customer_id\n1\n",
        ["shop/orders", "pos/receipts"],
    ),
}
WRONG_VARS = {
    "banner_consent": ("always", "opt_in, opt_out"),
    "cap_all_channels": (-1, "a whole number of messages in 7 days"),
    "cap_per_channel": ({"email": 2}, "for each of email, sms, push, banner"),
    "retargeting_window_days": (7, "for each of cart_left, product_viewed, category_interest"),
    "frequency_cuts": ("quintiles", "one of repeat, all"),
    "rfm_yardstick": ("kept", "one of held, rolling"),
    "segment_map": ("rfm", "one of exponea, putler"),
    "recalibrate": ("yes", "true or false"),
    "buyer_window_days": (0, "a whole number of days above 0"),
    "rfm_window_days": ("two years", "or null for all purchases"),
    "default_margin_rate": (40, "a number from 0 to 1"),
    "global_control_share": (5, "a number from 0 to 1"),
    "global_control_since": ("May 2025", "a date as in 2025-12-31, or null"),
    "experiment_goal_days": (0, "a whole number of days above 0"),
    "purchase_statuses": ([], "a list of at least one status"),
    "as_of_date": ("31.12.2025", "a date as in 2025-12-31, or null"),
    "reporting_currency": ("Euro", "an ISO 4217 code as in EUR"),
    "default_country": ("Germany", "null or one of"),
    "clv_model": ("pareto_nbd", "one of mbg_nbd, bg_nbd"),
    "clv_backtest": ("yes", "true or false"),
    "clv_horizon_days": (0, "a whole number of days above 0"),
    "clv_refit_after_days": ("monthly", "a whole number of days above 0"),
    "clv_holdout_days": (0, "a whole number of days above 0"),
    "annual_discount_rate": (10, "a number from 0 to 1"),
}
# Those that parsing stumbles over are tried on a project that is not parsed yet.
SEEN_IN_PARSING = {"default_country", "segment_map"}
# The command many times over in one process: starting it is what takes its time.
MANY_RUNS = """
import contextlib, io, json, os, sys
from dbt.cli.main import dbtRunner

cases = json.load(sys.stdin)
options = cases.pop(0)
with contextlib.redirect_stdout(io.StringIO()):
    manifest = dbtRunner().invoke(["parse", *options]).result
for case in cases:
    os.environ |= case["environment"]
    command = ["run", "--select", "stg_registry__tables", *options, "--vars", case["vars"]]
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        result = dbtRunner(None if case["parses"] else manifest).invoke(command)
    print(json.dumps([result.success, output.getvalue() + str(result.exception or "")]))
"""


@pytest.fixture(scope="module")
def attempts(shared):
    """What the command says to each broken file, each impossible var, and to no salt."""
    base = shared / "attempts"
    kept = base / "answers.json"
    base.mkdir(exist_ok=True)
    with FileLock(f"{base}.lock"):
        if not kept.exists():
            kept.write_text(json.dumps(answers_to_wrong_input(base)))
    return json.loads(kept.read_text()), base / "home"


def answers_to_wrong_input(base: Path) -> dict:
    home, good = base / "home", base / "good" / "shop" / "orders.csv"
    home.mkdir()
    good.parent.mkdir(parents=True)
    good.write_text(ORDERS)

    def case(raw, variables=None, salt="demo", parses=False):
        environment = {"LIFECYCLE_RAW": str(raw), "LIFECYCLE_HASH_SALT": salt}
        return {"environment": environment, "vars": json.dumps(variables or {}), "parses": parses}

    cases = {}
    for kind, (name, content, _) in BROKEN_FILES.items():
        path = base / kind.replace(" ", "_") / name
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        cases[kind] = case(base / kind.replace(" ", "_"))
    for name, (value, _) in WRONG_VARS.items():
        cases[name] = case(base / "good", {name: value}, parses=name in SEEN_IN_PARSING)
    cases["no salt"] = case(base / "good", salt="")
    options = ["--no-use-colors", "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
    options += ["--target-path", str(home / "target"), "--log-path", str(home / "logs")]
    run = subprocess.run(
        [sys.executable, "-c", MANY_RUNS],
        input=json.dumps([options, *cases.values()]),
        cwd=PROJECT,
        env=os.environ
        | {
            "LIFECYCLE_DB": str(home / "warehouse.duckdb"),
            "LIFECYCLE_STATE": str(home / "state.duckdb"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    return dict(zip(cases, answers, strict=True))


@pytest.mark.parametrize("kind", BROKEN_FILES)
def test_a_broken_file_stops_the_run_and_is_named_with_the_fix(kind, attempts):
    name, _, words = BROKEN_FILES[kind]
    success, output = attempts[0][kind]
    assert not success
    for word in words:
        assert word in output
    if kind not in ("a folder without parts", "nothing that sells"):
        assert f"`{name}`" in output
    assert "The raw data cannot be read" in output


@pytest.mark.parametrize("name", WRONG_VARS)
def test_a_var_that_cannot_be_says_what_it_takes(name, attempts):
    value, takes = WRONG_VARS[name]
    success, output = attempts[0][name]
    assert not success
    assert f"var `{name}` is {json.dumps(value)}; it takes" in output
    assert takes in output


def test_a_run_without_a_salt_says_so(attempts):
    success, output = attempts[0]["no salt"]
    assert not success
    assert "LIFECYCLE_HASH_SALT is not set" in output
    assert "set it to a secret of your own" in output


def test_a_refused_run_leaves_nothing_half_built(attempts):
    _, home = attempts
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        assert connection.execute("select table_name from duckdb_tables()").fetchall() == []


def write_orders(raw: Path, orders):
    (raw / "shop").mkdir(parents=True, exist_ok=True)
    lines = "".join(f"{key},{at},{amount},{email}\n" for key, at, amount, email in orders)
    header = "order_id,ordered_at,total_amount,email\n"
    (raw / "shop" / "orders.csv").write_text(header + lines)


@pytest.fixture(scope="module")
def year_of_orders():
    start = datetime(2024, 1, 1, 12)
    return [(n, start + timedelta(days=n % 365), 20, f"p{n}@shop.example") for n in range(1, 1501)]


def test_the_command_fails_and_keeps_the_marts_of_the_run_before(tmp_path, year_of_orders):
    raw, home = tmp_path / "raw", tmp_path / "home"
    write_orders(raw, year_of_orders)
    (raw / "web").mkdir()
    home.mkdir()
    with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.orders as select 'of yesterday' as order_key")
    (raw / "web" / "events.parquet").write_bytes(b"")
    build = dbt(["build"], raw, home)
    assert build.returncode != 0
    assert "`web/events.parquet` is empty (0 bytes): export it again." in build.output
    assert build.query("select * from marts.orders") == [("of yesterday",)]
    tables = build.query("select schema_name || '.' || table_name from duckdb_tables()")
    assert tables == [("marts.orders",)]


def test_an_order_of_the_year_2099_stops_the_build_until_the_day_is_said(tmp_path, year_of_orders):
    raw, home = tmp_path / "raw", tmp_path / "home"
    write_orders(raw, [*year_of_orders, (0, datetime(2099, 1, 1), 5, "slip@shop.example")])
    build = dbt(["run", "--select", "+int_as_of_date"], raw, home)
    assert build.returncode != 0
    assert "The last date is 2099-01-01" in build.output
    assert "as_of_date" in build.output
    assert "2024-12-30" in build.output
    command = ["run", "--select", "int_as_of_date", "int_orders__left_out"]
    build = dbt(command, raw, home, {"as_of_date": "2024-12-30"})
    assert build.returncode == 0, build.output
    assert build.query("select cast(as_of_date as varchar) from intermediate.int_as_of_date") == [
        ("2024-12-30",)
    ]
    assert build.query("select row_count, amount from intermediate.int_orders__left_out") == [
        (1, 5)
    ]
