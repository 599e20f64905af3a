"""One erased person from the request to the raw files, with the commands of docs/erasure.md.

Ada writes her identifiers in many ways, in files of all kinds. She shares a telephone with the
whole house and a tablet with Bob: both are his as well, and stay.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import duckdb
import pytest
from conftest import PROJECT, breaking_copy, dbt, dbt_here, story_of, texts_matching

# What nothing but Ada bears, however it is written.
WORDS = re.compile(
    r"(?i)\bada\b|erased\.example|erasedson|\bc-17\b|dev-17\b|\b70017\b|777-?0001|1985-05-17"
)
SHARED_PHONE, SHARED_TABLET = "+49 40 123 4567", "dev-tablet"
# Per file its format, its records and its columns.
CSV = "format csv, header true"
FILES = {
    "shop/orders.csv": (
        f"{CSV}, delimiter ';'",
        """
        ('O-1', '2025-01-05', '100.00', ' C-17 ', 'Ada@Erased.example', '030777-0001', null, '";'),
        ('O-1', '2025-01-05', '100.00', 'C-17', 'ada@erased.example', null, null, 'again'),
        ('O-2', 'on a Monday', '50.00', 'C-17', 'ada at erased.example', null, null, 'rejected'),
        ('O-3', '2025-02-01 10:00', '70.00', null, ' ADA@erased.EXAMPLE', null, 'dev-17', null),
        ('O-4', '2025-02-02 10:00', '30.00', 'C-20', 'bob@kept.example', '{phone}', '{tablet}', ''),
        ('O-6', '2025-02-04 10:00', '10.00', null, null, '{phone}', null, null),
        ('O-7', '2025-02-05 10:00', '40.00', 'C-17', null, '{phone}', '{tablet}', null)
        """,
        'order_id, ordered_at, total_amount, customer_id, "Email", phone, anonymous_id, remark',
    ),
    "shop/customers.parquet": (
        "format parquet",
        """
        ('C-17', 'ada@erased.example', '+49 (0)307770001', 'Ada', 'Erasedson', '1985-05-17', ['x']),
        ('C-17', 'ada@erased.example', '+49 (0)307770001', 'Ada', 'Erasedson', '1985-05-17', ['x']),
        ('C-20', 'bob@kept.example', '{phone}', 'Bob', 'Keptson', '1980-01-01', null),
        ('C-21', 'cy@kept.example', '{phone}', 'Cy', 'Keptson', null, ['a', 'b']),
        ('C-22', 'dee@kept.example', '{phone}', 'Dee', 'Keptson', null, []),
        ('C-23', 'eve@kept.example', '{phone}', 'Eve', 'Keptson', null, [])
        """,
        "customer_id, email, phone, first_name, last_name, birth_date, tags",
    ),
    # The build reads the card as a double, for the second part has it as one.
    "pos/receipts/part-1.parquet": (
        "format parquet",
        "('R-1', date '2025-03-01', 12.50, 70017::bigint), ('R-2', '2025-03-01', 8.00, 70020)",
        "receipt_id, sold_at, total_amount, loyalty_card_id",
    ),
    "pos/receipts/part-2.parquet": (
        "format parquet",
        "(70017::double, 'R-3', date '2025-03-02', 9.99), (null, 'R-4', '2025-03-02', 5.00)",
        "loyalty_card_id, receipt_id, sold_at, total_amount",
    ),
    "pos/loyalty_members/it's [1].csv": (
        CSV,
        "(70017.0, '2024-01-01', 'C-17', 'Ada'), (70020.0, '2024-01-01', 'C-20', 'Bob')",
        "loyalty_card_id, joined_at, customer_id, first_name",
    ),
    "pos/loyalty_members/nobody of the list.csv": (
        CSV,
        "(70021.0, '2024-01-01', 'C-21', 'Cy')",
        "loyalty_card_id, joined_at, customer_id, first_name",
    ),
    "web/events/1.parquet": (
        "format parquet",
        """
        ('E-1', 'identify', timestamptz '2025-01-05 09:00:00Z', 'dev-17', 'C-17', '/ada', '//ada'),
        ('E-2', 'page_view', '2025-01-05 09:01:00Z', 'dev-17', null, '/account/ada', null),
        ('E-3', 'identify', '2025-01-06 09:00:00Z', '{tablet}', 'C-17', '/account/ada', null),
        ('E-4', 'identify', '2025-01-07 09:00:00Z', '{tablet}', 'C-20', '/account/bob', null),
        ('E-5', 'page_view', '2025-01-07 09:01:00Z', '{tablet}', null, '/home', null)
        """,
        "event_id, event_type, occurred_at, anonymous_id, customer_id, page_url, referrer",
    ),
    "web/events/2.csv": (
        f"{CSV}, delimiter '|'",
        """
        ('page_view', 'E-6', '2025-01-08 09:00', 'dev-17', '/x?mail=ada@erased.example'),
        ('page_view', 'E-7', '2025-01-08 09:00', 'dev-90', '/y')
        """,
        "event_type, event_id, occurred_at, anonymous_id, page_url",
    ),
    "survey/nps_responses.parquet": (
        "format parquet, compression zstd",
        """
        ('N-1', '2025-01-20 10:00', 9::utinyint, 'ada@erased.example', 'Call me, Ada'),
        ('N-2', '2025-01-20 11:00', 3, 'bob@kept.example', 'So so')
        """,
        "response_id, responded_at, score, email, comment",
    ),
    "experiments/assignments.csv": (
        CSV,
        "('X-1', 'a', '2025-01-01', '0049 30 7770001'), ('X-1', 'b', '2025-01-01', '{phone}')",
        "experiment_id, arm, assigned_at, phone",
    ),
    "privacy/erasure_requests.csv": (
        CSV,
        "('Q-1', '2025-03-05 10:00', 'ada@erased.example')",
        "request_id, requested_at, email",
    ),
}
# Comes in after Ada is on the list: it does not make Bob the same person.
LATE_ORDER = "O-5;2025-02-03 10:00;20.00;C-20;ada@erased.example;;;Bob's card\n"
# Per file: records of Ada, and records of others with an identifier of hers.
COUNTS = {
    "shop/orders.csv": (5, 1),
    "shop/customers.parquet": (2, 0),
    "pos/receipts/part-1.parquet": (1, 0),
    "pos/receipts/part-2.parquet": (1, 0),
    "pos/loyalty_members/it's [1].csv": (1, 0),
    "web/events/1.parquet": (3, 0),
    "web/events/2.csv": (1, 0),
    "survey/nps_responses.parquet": (1, 0),
    "experiments/assignments.csv": (1, 0),
    "privacy/erasure_requests.csv": (1, 0),
}
PEOPLE = ("shop/customers", "pos/loyalty_members", "experiments/assignments")
HERS = {*("O-1", "O-2", "O-3", "O-7", "R-1", "R-3", "E-1", "E-2", "E-3", "E-6", "N-1", "Q-1")}
PERSONAL = {
    *("customer_id", "email", "phone", "anonymous_id", "loyalty_card_id"),
    *("page_url", "referrer", "comment"),
}
VARS = {"default_country": "DE", "as_of_date": "2025-03-31"}
UNTESTED = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")


def write_raw(raw):
    for name, (options, records, columns) in FILES.items():
        path = str(raw / name)
        (raw / name).parent.mkdir(parents=True, exist_ok=True)
        records = records.format(phone=SHARED_PHONE, tablet=SHARED_TABLET)
        duckdb.execute(
            f"copy (from (values {records}) as it ({columns}))"
            f" to '{path.replace(chr(39), chr(39) * 2)}' ({options})"
        )


def contents(path):
    """Columns with their types, and rows, of one raw file."""
    pattern = re.sub(r"([*?\[])", r"[\1]", str(path))
    read = (
        duckdb.read_parquet(pattern)
        if path.suffix == ".parquet"
        else duckdb.read_csv(
            pattern, all_varchar=True, delimiter={"orders": ";", "2": "|"}.get(path.stem, ",")
        )
    )
    return list(zip(read.columns, map(str, read.types), strict=True)), read.fetchall()


def raw_files(raw):
    paths = [path for path in raw.rglob("*") if path.suffix in (".parquet", ".csv")]
    return {str(path.relative_to(raw)): contents(path) for path in paths}


def words_in(build):
    """Ada's words in any column of the warehouse and of the state."""
    with duckdb.connect(str(build.database)) as connection:
        connection.execute(f"attach '{build.state}' as state (read_only)")
        return texts_matching(connection, WORDS.pattern)


def blocks(language):
    """The commands of the page, in its order."""
    page = (PROJECT / "docs" / "erasure.md").read_text()
    steps = page.split("## Raw files, step by step")[1].split("\n## ")[0]
    found = re.findall(rf"```{language}\n(.*?)```", steps, re.DOTALL)
    return [textwrap.dedent(block) for block in found]


def run_step(program, command, home, salt="demo"):
    return subprocess.run(
        [*program, command],
        cwd=home,
        env=os.environ | {"LIFECYCLE_HASH_SALT": salt},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """Request, raw files, and old files that come back: what is there after each step."""
    home = tmp_path_factory.mktemp("erasure")
    raw = home / "raw"
    write_raw(raw)
    shutil.copytree(raw, home / "old")
    told = {}

    def build(name, *command):
        made = dbt(list(command), raw, home, VARS)
        assert made.returncode == 0, made.output
        profiles = "select distinct profile_id from intermediate.int_identity__identifiers"
        orders = "select order_id, profile_id, total_amount from marts.orders order by all"
        told[name] = {
            "words": words_in(made),
            "profiles": sorted(made.query(profiles)),
            "orders": made.query(orders),
        }

    def operation():
        command = ["--quiet", "run-operation", "sql_to_erase_raw"]
        printed = dbt(command, raw, home, VARS, PYTHONWARNINGS="ignore")
        assert printed.returncode == 0, printed.output
        return printed.output

    def change(statement):
        with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
            connection.execute(statement)

    build("requested", "build", *UNTESTED, "--select", "+orders", "+rejected_records")
    with (raw / "shop" / "orders.csv").open("a") as orders:
        orders.write(LATE_ORDER)
    told["before"] = raw_files(raw)
    change("drop view raw_messaging.consents")
    change("create table raw_messaging.consents as select ' Ada@erased.example' as email")
    told["sql"] = operation()
    change("drop table raw_messaging.consents")
    (home / "erase_raw.sql").write_text(told["sql"])
    (python,) = blocks("python")
    told["other salt"] = run_step([sys.executable, "-c"], python, home, salt="other").stderr
    told["new files"] = [sorted(raw.rglob("*.erased"))]
    told["run"] = run_step([sys.executable, "-c"], python, home).stderr
    told["new files"] += [sorted(str(path.relative_to(raw)) for path in raw.rglob("*.erased"))]
    told["beside"] = raw_files(raw)
    told["moved"] = run_step(["bash", "-c"], blocks("sh")[-1], home).stderr
    told["new files"] += [sorted(raw.rglob("*.erased"))]
    told["after"] = raw_files(raw)
    build("erased", "run", "--select", "+orders")
    told["sql again"] = operation()
    for name in FILES:
        if not name.startswith("privacy/"):
            shutil.copy(home / "old" / name, raw / name)
    build(
        "redelivered",
        "run",
        "--select",
        "+int_privacy__erased_records",
        "+int_identity__identifiers",
    )
    return told


# ---------- the request


def test_a_request_reaches_all_but_the_raw_files(story):
    assert story["requested"]["words"]
    assert {schema[:4] for schema, *_ in story["requested"]["words"]} == {"raw_"}


# ---------- the printed SQL


def test_the_page_says_what_the_test_does():
    assert "dbt --quiet run-operation sql_to_erase_raw > erase_raw.sql" in blocks("sh")[0]


def test_the_sql_holds_neither_the_salt_nor_anything_personal(story):
    assert not WORDS.search(story["sql"])
    assert "'demo" not in story["sql"]


def test_the_sql_counts_the_rows_of_each_file(story):
    count = r"that (go|lose what is personal): (\d+)\..*: (\d+)\."
    told = re.findall(rf"{count}\n(?:.*\n)+?-- mv .*/raw/(.*)'", story["sql"])
    counts = {name.replace("'\\''", "'"): (int(own), int(others)) for _, own, others, name in told}
    assert counts == COUNTS
    assert {name: verb for verb, _, _, name in told if name.startswith(PEOPLE)} == {
        name.replace("'", "'\\''"): "go" for name in COUNTS if name.startswith(PEOPLE)
    }


def test_raw_data_in_tables_is_named(story):
    assert "-- raw_messaging.consents is a table and names erased people" in story["sql"]


def test_another_salt_writes_nothing(story):
    assert "The deny list was made with another salt" in story["other salt"]
    assert story["new files"][0] == []


def test_the_old_files_stay_until_they_are_replaced(story):
    assert story["run"] == story["moved"] == ""
    assert story["new files"][1:] == [sorted(f"{name}.erased" for name in COUNTS), []]
    assert story["beside"] == story["before"]


# ---------- the raw files


def expected(name, columns, rows):
    """What should be left of a file: her people gone, her other rows without what is personal."""
    names = [column.lower() for column, _ in columns]
    for row in rows:
        if name.startswith(PEOPLE) and not WORDS.search(str(row)):
            yield row
        elif not name.startswith(PEOPLE):
            cut = PERSONAL if HERS & set(row) else {"email"} if "O-5" in row else set()
            yield tuple(
                None if column in cut else value for column, value in zip(names, row, strict=True)
            )


def test_every_row_is_as_it_was_but_for_her(story):
    assert story["after"].keys() == story["before"].keys() == FILES.keys()
    for name, (columns, rows) in story["before"].items():
        assert story["after"][name] == (columns, list(expected(name, columns, rows))), name


def test_nothing_of_her_is_left_anywhere(story):
    assert not WORDS.search(str(story["after"]))
    assert story["erased"]["words"] == set()


def test_orders_and_the_others_are_the_same_without_her_in_raw(story):
    before, after = story["requested"], story["erased"]
    late = [order for order in after["orders"] if order[0] == "O-5"]
    assert [order for order in after["orders"] if order not in late] == before["orders"]
    assert late and (late[0][1],) in before["profiles"]
    assert after["profiles"] == before["profiles"]
    assert len(before["orders"]) == 9 and len(before["profiles"]) == 5


def test_the_second_time_there_is_nothing_to_erase(story):
    assert story["sql again"].startswith("-- Nothing to erase: no file in ")


# ---------- an old file comes back


def test_redelivered_files_do_not_bring_her_back(story):
    assert {schema[:4] for schema, *_ in story["redelivered"]["words"]} == {"raw_"}
    assert story["redelivered"]["profiles"] == story["erased"]["profiles"]


# ---------- a build that breaks off


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    home = tmp_path_factory.mktemp("erasure_broken_off")
    write_raw(home / "raw")
    return {line["what"]: line for line in story_of(__file__, home, "break_off")}


def test_a_build_that_breaks_off_while_it_erases_loses_no_row(broken):
    """Rows of hers are out of their tables then: those come back, and the next build erases her."""
    assert "broken off" in broken["broken off"]["failed"][0]
    assert broken["broken off"]["hers"] > 0
    assert broken["made good"]["failed"] == []
    assert broken["made good"]["hers"] == 0
    assert broken["broken off"]["rows"] == broken["made good"]["rows"]


def break_off(home):
    project = breaking_copy(
        home,
        "macros/engine/take_out.sql",
        "{% macro duckdb__put_back(relation, taken) -%}",
        "relation.identifier == 'base_web__events'",
    )
    run = dbt_here(home, project)
    for what, breaks_off in (("broken off", "yes"), ("made good", "")):
        os.environ["BREAKS_OFF"] = breaks_off
        failed = run("build", *UNTESTED, "--select", "+int_privacy__erased_records", variables=VARS)
        with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
            rows = [
                connection.execute(f"select count(*) from staging.base_{name}").fetchone()[0]
                for name in ("shop__orders", "shop__customers", "web__events")
            ]
            hers = "select count(*) from staging.base_web__events where customer_id = 'C-17'"
            told = {"rows": rows, "hers": connection.execute(hers).fetchone()[0]}
        print(json.dumps({"what": what, "failed": failed} | told))


# ---------- the builds after it


@pytest.fixture(scope="module")
def carried_on(tmp_path_factory):
    home = tmp_path_factory.mktemp("erasure_carried_on")
    write_raw(home / "raw")
    return {line["what"]: line for line in story_of(__file__, home, "carry_on")}


def test_what_she_shared_with_others_is_counted_without_her_by_the_next_build(carried_on):
    """Rows of hers named the telephone of the house and the tablet, and say so no more."""
    counted = {what: dict(line["shared"]) for what, line in carried_on.items()}
    assert counted["asked"]["phone"] - counted["next"]["phone"] == 1
    assert counted["asked"]["anonymous_id"] - counted["next"]["anonymous_id"] == 2
    for mart in ("identifiers", "findings"):
        assert carried_on["next"][mart] == carried_on["anew"][mart]


def test_a_list_that_is_as_long_as_it_was_may_be_another(carried_on):
    """Her card is lifted by hand, and somebody else asks, who has one identifier."""
    assert carried_on["lifted"]["denied"] == carried_on["anew"]["denied"]
    assert carried_on["anew"]["fay"] == [[1]]
    assert carried_on["lifted"]["fay"] == [[0]]


def test_so_it_may_if_it_changed_before_the_build(carried_on):
    """Her account is lifted by hand, and somebody else denied by a run that erases nobody."""
    assert carried_on["denied alone"]["denied"] == carried_on["lifted"]["denied"]
    assert carried_on["lifted"]["gus"] == [[1]]
    assert carried_on["denied alone"]["gus"] == [[0]]


def carry_on(home):
    """Whole builds, for only such a one is carried on. Her request comes with the second.

    Requests come as parts: a file that grew would be read whole, and all be made anew.
    """
    run = dbt_here(home, PROJECT)
    requests = home / "raw" / "privacy" / "erasure_requests"
    shutil.move(requests.with_suffix(".csv"), home / "request.csv")
    header = (home / "request.csv").read_text().splitlines()[0]
    with (home / "raw" / "shop" / "orders.csv").open("a") as orders:
        orders.write("O-8;2025-02-06 10:00;10.00;;fay@kept.example;;;\n")
        orders.write("O-9;2025-02-06 10:00;10.00;;gus@kept.example;;;\n")
    instead = {
        "lifted": ("loyalty_card_id", "Q-2,2025-03-06 10:00,fay@kept.example\n"),
        "denied alone": ("customer_id", "Q-3,2025-03-06 10:00,gus@kept.example\n"),
    }
    for what, *options in (
        *(["first"], ["asked"], ["next"], ["anew", "--full-refresh"], ["lifted"]),
        ["denied alone"],
    ):
        if what == "asked":
            requests.mkdir()
            shutil.move(home / "request.csv", requests / f"{what}.csv")
        if what in instead:
            lifted, asked = instead[what]
            with duckdb.connect(str(home / "state.duckdb")) as connection:
                connection.execute(
                    "delete from intermediate.int_privacy__denied_identifiers"
                    f" where identifier_type = '{lifted}'"
                )
            (requests / f"{what}.csv").write_text(f"{header}\n{asked}")
        if what == "denied alone":
            alone = ("base_privacy__erasure_requests", "int_privacy__denied_identifiers")
            failed = run("run", "--select", *alone, variables=VARS)
            assert not failed, failed
        failed = run("build", *UNTESTED, *options, variables=VARS)
        assert not failed, failed
        with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
            query = lambda sql: connection.execute(sql).fetchall()  # noqa: E731
            told = {
                "shared": query(
                    "select identifier_type, record_count from marts.profile_identifiers"
                    " where status = 'shared'"
                ),
                "identifiers": query("select * from marts.profile_identifiers order by all"),
                "findings": query("select * from marts.identity_quality order by all"),
            } | {
                who: query(
                    f"select count(*) from staging.base_shop__orders where email like '{who}@%'"
                )
                for who in ("fay", "gus")
            }
            connection.execute(f"attach '{home / 'state.duckdb'}' as state (read_only)")
            denied = "select count(*) from state.intermediate.int_privacy__denied_identifiers"
            told["denied"] = query(denied) if what != "first" else 0
        print(json.dumps({"what": what} | told, default=str))


if __name__ == "__main__":
    {"break_off": break_off, "carry_on": carry_on}[sys.argv[2]](Path(sys.argv[1]))
