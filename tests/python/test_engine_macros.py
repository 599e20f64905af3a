"""What the macros that differ between engines give: on DuckDB, and on Spark where pyspark is there.

Macros are rendered straight from their files; expected values are written out once for all engines.
"""

import hashlib
import itertools
import json
import os
import re
import shutil
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import duckdb
import numpy as np
import pytest
import test_components
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jinja2 import Environment, StrictUndefined

from lifecycle.spark import find_java

MACROS = Path(__file__).resolve().parents[2] / "macros"
MAX_ROUNDS = 80  # the limit in macros/identity/connected_components.sql
LARGEST_NODE = 2**60 - 1
VARS = {
    "reporting_timezone": "Europe/Berlin",
    "reporting_currency": "EUR",
    "default_country": None,
    "strip_email_plus_tags": False,
    "strip_gmail_dots": False,
}


# ---------- macros without dbt


class Returned(Exception):
    """Carries the value out of a macro, as dbt's `return` does."""


def render(engine_name, **variables):
    """The macros as one engine sees them; a dictionary of functions."""
    values = VARS | variables

    def dispatch(name, package):
        return macros.get(f"{engine_name}__{name}") or macros[f"default__{name}"]

    def returning(value):
        raise Returned(value)

    def unwrapped(macro):
        def call(*arguments):
            try:
                return str(macro(*arguments))
            except Returned as returned:
                return returned.args[0]

        return call

    environment = Environment(extensions=["jinja2.ext.do"], undefined=StrictUndefined)
    macros = dict(environment.globals)
    macros |= {
        "adapter": SimpleNamespace(dispatch=dispatch),
        "exceptions": SimpleNamespace(raise_compiler_error=pytest.fail),
        "var": values.__getitem__,
        "return": returning,
    }
    for folder in ["engine", "staging", "identity"]:
        for path in sorted((MACROS / folder).glob("*.sql")):
            text = re.sub("(?s){% materialization .*{% endmaterialization %}", "", path.read_text())
            module = environment.from_string(text).make_module(macros, shared=True)
            macros |= {
                name: unwrapped(value) for name, value in vars(module).items() if callable(value)
            }
    return macros


# ---------- engines


class DuckDB:
    name = "duckdb"

    def __init__(self):
        self.connection = duckdb.connect(config={"threads": 2})
        self.connection.execute("set TimeZone = 'UTC'")

    def query(self, sql):
        return self.connection.execute(sql).fetchall()

    def make(self, name, sql):
        self.connection.execute(f"create or replace table {name} as {sql}")

    def literal(self, text):
        return "'" + text.replace("'", "''") + "'"

    def set_salt(self, salt):
        self.connection.execute("set variable hash_salt = ?", [salt])


class Spark:
    name = "spark"

    def __init__(self, session):
        self.session = session

    def query(self, sql):
        return [tuple(row) for row in self.session.sql(sql).collect()]

    def make(self, name, sql):
        """A view of rows that are there already: Spark would else work out all the rounds anew."""
        self.session.sql(sql).localCheckpoint().createOrReplaceTempView(name)

    def literal(self, text):
        escapes = {"\\": "\\\\", "'": "\\'", "$": "\\u0024"}
        return "'" + "".join(escapes.get(character, character) for character in text) + "'"

    def set_salt(self, salt):
        self.session.conf.set("spark.lifecycle.hash_salt_hex", salt.encode().hex())


@pytest.fixture(scope="session")
def spark(tmp_path_factory):
    pyspark = pytest.importorskip(
        "pyspark.sql", reason="pyspark is not installed: the Spark forms of the macros are not run"
    )
    find_java()
    if not os.environ.get("JAVA_HOME") and not shutil.which("java"):
        pytest.skip("there is no Java: the Spark forms of the macros are not run")
    builder = pyspark.SparkSession.builder.master("local[1]")
    for name, value in {
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "false",
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("spark")),
        # Rows written into a query would else be worked out before it runs, by other code.
        "spark.sql.optimizer.excludedRules": (
            "org.apache.spark.sql.catalyst.optimizer.ConvertToLocalRelation"
        ),
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield Spark(session)
    session.stop()


@pytest.fixture(scope="module", params=["duckdb", "spark"])
def engine(request):
    return DuckDB() if request.param == "duckdb" else request.getfixturevalue("spark")


@pytest.fixture(scope="module")
def macros(engine):
    return render(engine.name)


def sql_of(engine, value):
    """A value of Python as an expression."""
    if value is None:
        return "cast(null as string)"
    return engine.literal(value) if isinstance(value, str) else str(value)


def evaluate(engine, expression, values):
    """An expression of the column `value`, for each of the values."""
    rows = ", ".join(f"({place}, {sql_of(engine, value)})" for place, value in enumerate(values))
    found = engine.query(f"""
        select place, {expression} as answer
        from (values {rows}) as given (place, value)
        order by place
    """)
    return [answer for _, answer in found]


def assert_all(engine, expression, expected):
    """`expected` maps value to answer, of one expression of the column `value`."""
    answers = evaluate(engine, expression, list(expected))
    assert dict(zip(expected, answers, strict=True)) == expected


# ---------- times


def test_time_without_an_offset_is_utc(engine, macros):
    assert_all(
        engine,
        f"cast({macros['utc_timestamp']('value')} as string)",
        {
            "2024-01-05": "2024-01-05 00:00:00",
            "2024-1-5": "2024-01-05 00:00:00",
            "2024/01/05": "2024-01-05 00:00:00",
            "2024/1/5 7:08": "2024-01-05 07:08:00",
            "2024-01-05 10:00": "2024-01-05 10:00:00",
            "2024-01-05 10:00:00": "2024-01-05 10:00:00",
            "2024-01-05T10:00:00": "2024-01-05 10:00:00",
            "2024-01-05 10:00:00.5": "2024-01-05 10:00:00.5",
            "2024-01-05 10:00:00.": "2024-01-05 10:00:00",
            "2024-01-05 23:59:59.9999999": "2024-01-05 23:59:59.999999",
            "2024-02-29 00:00:00": "2024-02-29 00:00:00",
            " \t2024-01-05": "2024-01-05 00:00:00",
            " 2024-01-05 10:00:00 ": "2024-01-05 10:00:00",
            # An hour that a clock in Berlin never showed, and one that it showed twice.
            "2024-03-31 02:30:00": "2024-03-31 02:30:00",
            "2024-10-27 02:30:00": "2024-10-27 02:30:00",
        },
    )


def test_time_with_an_offset_is_moved_to_utc(engine, macros):
    assert_all(
        engine,
        f"cast({macros['utc_timestamp']('value')} as string)",
        {
            "2024-01-05T10:00:00Z": "2024-01-05 10:00:00",
            "2024-01-05 10:00:00 UTC": "2024-01-05 10:00:00",
            " 2024-01-05 10:00:00+02 ": "2024-01-05 08:00:00",
            "2024-01-05 10:00:00+02": "2024-01-05 08:00:00",
            "2024-01-05 10:00:00+0200": "2024-01-05 08:00:00",
            "2024-01-05 10:00:00+02:00": "2024-01-05 08:00:00",
            "2024-01-05T10:00:00.25-05:30": "2024-01-05 15:30:00.25",
            "2024-01-01 00:30:00+01:00": "2023-12-31 23:30:00",
            "2023-12-31 23:30:00-01:00": "2024-01-01 00:30:00",
            "2024-01-05 10:00:00+14:00": "2024-01-04 20:00:00",
            "2024-01-05 10:00:00-00:00": "2024-01-05 10:00:00",
        },
    )


def test_text_that_is_no_time_is_null(engine, macros):
    """Least of all is it a time of today."""
    no_times = [None, "", " ", "nope", "now", "today", "10:00", "10:00:00", "T10:00", "2024"]
    no_times += ["2024-01", "2024-01-05 10", "05.01.2024", "01/05/2024", "20240105", "1704067200"]
    no_times += ["0000-00-00", "2023-02-29", "2024-13-01", "2024-01-05 25:00:00"]
    no_times += ["2024-01-05 10:00:60", "2024-01-05 ", "2024-01-05 10:00:00 +02:00"]
    no_times += ["2024-01-05 10:00:00+2", "2024-01-05 10:00:00 PM", "2024-01-05 nonsense"]
    no_times += ["2024-01-05T10:00:00+02:00[Europe/Berlin]", "+2024-01-05"]
    expression = f"cast({macros['utc_timestamp']('value')} as string)"
    assert_all(engine, expression, dict.fromkeys(no_times))


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        ("timestamp '2024-01-05 10:00:00.123456'", "2024-01-05 10:00:00.123456"),
        ("date '2024-01-05'", "2024-01-05 00:00:00"),
        ("cast(null as timestamp)", None),
        ("1704067200", None),
        ("cast(1704067200.5 as double)", None),
    ],
)
def test_times_of_other_types(engine, macros, value, answer):
    found = engine.query(f"""
        select cast({macros["utc_timestamp"]("value")} as string)
        from (select {value} as value) as given
    """)
    assert found == [(answer,)]


def test_spark_reads_timestamps_without_a_zone_as_utc(spark):
    """That is how it sees the timestamps of a Parquet file that DuckDB wrote."""
    macros = render("spark")
    source = "(select cast('2024-01-05 10:00:00.5' as timestamp_ntz) as value) as given"
    expressions = [
        f"cast({macros['utc_timestamp']('value')} as string)",
        macros["local_date"]("value"),
        macros["seconds_between"]("value", "value"),
    ]
    assert spark.query(f"select {', '.join(expressions)} from {source}") == [
        ("2024-01-05 10:00:00.5", date(2024, 1, 5), 0)
    ]


BERLIN = {
    # Winter: the day begins at 23:00 UTC.
    "2024-01-01 22:59:59.999999": date(2024, 1, 1),
    "2024-01-01 23:00:00": date(2024, 1, 2),
    "2023-12-31 23:00:00": date(2024, 1, 1),
    # Clocks go forward on 31 March: the day begins in winter time and ends in summer time.
    "2024-03-30 22:59:59.999999": date(2024, 3, 30),
    "2024-03-30 23:00:00": date(2024, 3, 31),
    "2024-03-31 00:59:59": date(2024, 3, 31),
    "2024-03-31 01:00:00": date(2024, 3, 31),
    "2024-03-31 21:59:59.999999": date(2024, 3, 31),
    "2024-03-31 22:00:00": date(2024, 4, 1),
    # Clocks go back on 27 October: that day has 25 hours.
    "2024-10-26 21:59:59.999999": date(2024, 10, 26),
    "2024-10-26 22:00:00": date(2024, 10, 27),
    "2024-10-27 00:30:00": date(2024, 10, 27),
    "2024-10-27 01:30:00": date(2024, 10, 27),
    "2024-10-27 22:59:59.999999": date(2024, 10, 27),
    "2024-10-27 23:00:00": date(2024, 10, 28),
    None: None,
}
NEW_YORK = {
    "2024-03-10 04:59:59": date(2024, 3, 9),
    "2024-03-10 05:00:00": date(2024, 3, 10),
    "2024-03-11 03:59:59": date(2024, 3, 10),
    "2024-03-11 04:00:00": date(2024, 3, 11),
}
UTC = {
    "2024-01-05 00:00:00": date(2024, 1, 5),
    "2024-01-05 23:59:59.999999": date(2024, 1, 5),
    None: None,
}


@pytest.mark.parametrize(
    ("timezone", "expected"),
    [("Europe/Berlin", BERLIN), ("America/New_York", NEW_YORK), ("UTC", UTC)],
)
def test_day_of_the_reporting_time_zone(engine, timezone, expected):
    local_date = render(engine.name, reporting_timezone=timezone)["local_date"]
    assert_all(engine, local_date("cast(value as timestamp)"), expected)


@pytest.mark.parametrize(
    ("earlier", "later", "days"),
    [
        ("date '2024-02-28'", "date '2024-03-01'", 2),
        ("date '2023-02-28'", "date '2023-03-01'", 1),
        ("date '2023-12-31'", "date '2024-12-31'", 366),
        ("date '2024-01-05'", "date '2024-01-05'", 0),
        ("date '2024-01-05'", "date '2024-01-04'", -1),
        # Midnights count, and no hours.
        ("timestamp '2024-01-05 23:59:59'", "timestamp '2024-01-06 00:00:00'", 1),
        ("timestamp '2024-01-05 00:00:00'", "timestamp '2024-01-05 23:59:59'", 0),
        ("cast(null as date)", "date '2024-01-05'", None),
    ],
)
def test_days_between(engine, macros, earlier, later, days):
    assert engine.query(f"select {macros['days_between'](earlier, later)}") == [(days,)]


@pytest.mark.parametrize(
    ("day", "days", "answer"),
    [
        ("date '2024-03-01'", 1, date(2024, 2, 29)),
        ("date '2023-03-01'", 1, date(2023, 2, 28)),
        ("date '2024-12-31'", 366, date(2023, 12, 31)),
        ("date '2025-12-31'", 1095, date(2023, 1, 1)),
        ("date '2024-01-05'", 0, date(2024, 1, 5)),
        ("cast(null as date)", 1, None),
    ],
)
def test_days_before(engine, macros, day, days, answer):
    assert engine.query(f"select {macros['days_before'](day, days)}") == [(answer,)]


@pytest.mark.parametrize(
    ("earlier", "later", "seconds"),
    [
        ("2024-01-05 10:00:00", "2024-01-05 10:30:00", 1800),
        ("2024-01-05 10:00:00", "2024-01-05 10:30:00.999999", 1800),
        ("2024-01-05 10:00:00.999999", "2024-01-05 10:00:01", 1),
        ("2024-01-05 10:00:00.000001", "2024-01-05 10:00:00.999999", 0),
        ("2023-12-31 23:59:59.9", "2024-01-01 00:00:00.1", 1),
        ("2023-12-31 23:59:30", "2024-01-01 00:00:30", 60),
        ("2024-02-28 23:59:59", "2024-03-01 00:00:00", 86_401),
        ("2024-03-31 00:30:00", "2024-03-31 01:30:00", 3600),
        ("1969-12-31 23:59:58.5", "1970-01-01 00:00:00.5", 2),
        ("1990-01-01 00:00:00", "2099-12-31 23:59:59", 3_471_292_799),
        ("2024-01-05 10:00:01", "2024-01-05 10:00:00", -1),
        (None, "2024-01-05 10:00:00", None),
        ("2024-01-05 10:00:00", None, None),
    ],
)
def test_seconds_between(engine, macros, earlier, later, seconds):
    times = [f"cast({sql_of(engine, time)} as timestamp)" for time in (earlier, later)]
    # What stands around an expression must not tear it apart.
    assert engine.query(f"select 0 - {macros['seconds_between'](*times)}") == [
        (None if seconds is None else -seconds,)
    ]


# ---------- text


def test_matches_a_pattern_of_its_own(engine, macros):
    def assert_matches(pattern, expected):
        assert_all(engine, macros["matches"]("value", pattern), expected)

    assert_matches("'^[0.-]+$'", {"0.0-": True, "0a": False, "": False, None: None})
    assert_matches("'b'", {"abc": True, "ABC": False})
    assert_matches(r"'^a\.b$'", {"a.b": True, "axb": False, r"a\.b": False})
    assert_matches(r"'^[a-z]\\[a-z]$'", {r"a\b": True, "ab": False, r"a\\b": False})
    assert_matches("'^it''s$'", {"it's": True, "its": False, "it''s": False})
    assert_matches(r"'^\d{2}\s''\$$'", {"12 '$": True, "12 $": False})
    assert_matches("'^(ä|☃)+$'", {"ä☃": True, "Ä": False})


def test_matches_a_pattern_of_a_column(engine, macros):
    for pattern, text, answer in [
        (r"^a\.b$", "a.b", True),
        (r"^a\.b$", "axb", False),
        ("^it's$", "it's", True),
        ("(^[0.-]+$)|(^x$)", "x", True),
        (None, "x", None),
    ]:
        expression = macros["matches"]("value", "pattern")
        assert engine.query(f"""
            select {expression}
            from (select {sql_of(engine, text)} as value, {sql_of(engine, pattern)} as pattern) as t
        """) == [(answer,)]


def test_replace_all(engine, macros):
    def assert_replaced(pattern, replacement, expected):
        assert_all(engine, macros["replace_all"]("value", pattern, replacement), expected)

    assert_replaced("[^0-9]", "", {"+49 (0)30/12": "4903012", "": "", None: None})
    assert_replaced("a", "aa", {"banana": "baanaanaa"})
    assert_replaced(r"\s+", "_", {"a \t b\nc": "a_b_c"})
    assert_replaced(r"\\", "/", {r"a\b\\c": "a/b//c"})
    assert_replaced("'", '"', {"it's ''": 'it"s ""'})
    assert_replaced('"', "'", {'a"b': "a'b"})
    assert_replaced("x", r"$1\\'$0", {"axc": r"a$1\'$0c"})
    assert_replaced("(b+)c", r"<\1>", {"abbcbc": "a<bb><b>"})


def test_trimmed(engine, macros):
    assert_all(
        engine,
        macros["trimmed"]("value"),
        {
            "  a b  ": "a b",
            "\u00a0a\u00a0b\u00a0": "a\u00a0b",
            " \u2003\u3000a\u202f ": "a",
            "\ta\n": "\ta\n",
            "\u200ba": "\u200ba",
            "   ": "",
            "": "",
            None: None,
        },
    )
    assert evaluate(engine, macros["trimmed"]("value"), [12, -5]) == ["12", "-5"]


def test_clean_text(engine, macros):
    expected = {" A b ": "A b", "": None, "  ": None, "\u00a0": None, None: None, "null": "null"}
    assert_all(engine, macros["clean_text"]("value"), expected)


def test_clean_word(engine, macros):
    expected = {" Paid ": "paid", "GRÖẞE": "größe", " ": None, None: None}
    assert_all(engine, macros["clean_word"]("value"), expected)


def test_clean_currency(engine, macros):
    expected = {" usd ": "USD", "EUR": "EUR", "": "EUR", None: "EUR"}
    assert_all(engine, macros["clean_currency"]("value"), expected)


def test_clean_identifier(engine, macros):
    expected = {" aB-1 ": "aB-1", "0": "0", r"it's \ x": r"it's \ x", "\u00a0x1": "x1", None: None}
    expected |= dict.fromkeys(["", " - ", "NULL", "None", "nil", "NaN", "na", " N/A", "#n/a"])
    expected |= dict.fromkeys(["undefined", "(Not Set)", "\u00a0"])
    assert_all(engine, macros["clean_identifier"]("value"), expected)
    assert evaluate(engine, macros["clean_identifier"]("value"), [7, 2147483647]) == [
        "7",
        "2147483647",
    ]


ADDRESSES = {
    " Ada@Example.COM ": "ada@example.com",
    "\u00a0ada@example.com": "ada@example.com",
    "a.d.a@gmail.com": "a.d.a@gmail.com",
    "ada+shop@example.com": "ada+shop@example.com",
    "o'neil@example.com": "o'neil@example.com",
    "jörg@münchen.de": "jörg@münchen.de",
    r"a\b@example.com": r"a\b@example.com",
    "ada@mail.example.co.uk": "ada@mail.example.co.uk",
}
NO_ADDRESSES = ["", " ", "ada", "ada@", "@example.com", "ada@example", "ada@example.", "a@b@c.de"]
NO_ADDRESSES += ["ada lovelace@example.com", "a@b.de,c@d.de", "a@b.de;c@d.de", None]


@pytest.mark.parametrize(
    ("variables", "changed"),
    [
        ({}, {}),
        (
            {"strip_email_plus_tags": True},
            {"ada+shop@example.com": "ada@example.com", "a.d.a+x+y@gmail.com": "a.d.a@gmail.com"},
        ),
        (
            {"strip_gmail_dots": True},
            {
                "a.d.a@gmail.com": "ada@gmail.com",
                "A.da@GoogleMail.com": "ada@googlemail.com",
                "a.da@example.com": "a.da@example.com",
            },
        ),
        (
            {"strip_email_plus_tags": True, "strip_gmail_dots": True},
            {
                "a.d.a+shop@gmail.com": "ada@gmail.com",
                "a.d.a@gmail.com": "ada@gmail.com",
                "ada+shop@example.com": "ada@example.com",
            },
        ),
    ],
)
def test_clean_email(engine, variables, changed):
    clean_email = render(engine.name, **variables)["clean_email"]
    assert_all(engine, clean_email("value"), ADDRESSES | dict.fromkeys(NO_ADDRESSES) | changed)


NUMBERS = {
    "+49 (0)30 123456": "+4930123456",
    "+49-30-123456": "+4930123456",
    "0049 30 123456": "+4930123456",
    "\u00a0+4930123456 ": "+4930123456",
    "123456": None,
    "+1234567890123456": None,
    "call me": None,
    "": None,
    None: None,
}


@pytest.mark.parametrize(
    ("country", "expected"),
    [
        (None, {"030 123456": "030123456", "123-4567": "1234567", "1" * 15: "1" * 15}),
        ("DE", {"030 123456": "+4930123456", "30/1234567": "+49301234567"}),
        ("IT", {"06 1234567": "+39061234567"}),
        ("US", {"1 (202) 555-0123": "+12025550123", "202.555.0123": "+12025550123"}),
        ("HU", {"06 1 234 5678": "+3612345678"}),
    ],
)
def test_clean_phone(engine, country, expected):
    clean_phone = render(engine.name, default_country=country)["clean_phone"]
    assert_all(engine, clean_phone("value"), NUMBERS | expected)


def test_clean_phone_of_a_number(engine, macros):
    assert evaluate(engine, macros["clean_phone"]("value"), [4930123456]) == ["4930123456"]


def test_key_text(engine, macros):
    given = "(select 'a' as a, cast(null as string) as b, 7 as c, date '2024-01-05' as d) as given"
    for columns, answer in [
        (["a"], "a"),
        (["b"], None),
        (["c"], "7"),
        (["a", "c"], "a|7"),
        (["b", "b"], "|"),
        (["a", "b", "d"], "a||2024-01-05"),
    ]:
        assert engine.query(f"select {macros['key_text'](columns)} from {given}") == [(answer,)]


def test_one_to_makes_rows(engine, macros):
    given = "(select 'a' as name, 3 as number union all select 'b', 1) as given"
    rows = engine.query(f"select name, {macros['one_to']('number')} as n from {given}")
    assert sorted(rows) == [("a", 1), ("a", 2), ("a", 3), ("b", 1)]


def test_field_of_a_struct(engine, macros):
    struct = {"duckdb": "{'r': 1.5, 'note': 'x'}", "spark": "named_struct('r', 1.5, 'note', 'x')"}
    field = macros["field_of"]("given.value", "r")
    query = f"select cast({field} as double) from (select {struct[engine.name]} as value) as given"
    assert engine.query(query) == [(1.5,)]


def test_structs_go_into_a_list_and_come_out_of_it(engine, macros):
    given = "(values ('a', 1.5e0), ('b', null)) as given (name, number)"
    listed = f"select array_agg({macros['struct_of'](['name', 'number'])}) as list from {given}"
    each = f"select {macros['each_of']('list')} as row from ({listed}) as listed"
    fields = ", ".join(f"{macros['field_of']('each.row', name)}" for name in ("name", "number"))
    assert sorted(engine.query(f"select {fields} from ({each}) as each")) == [
        ("a", 1.5),
        ("b", None),
    ]
    nobody = f"select {macros['each_of']('list')} as row from ({listed} where false) as listed"
    assert engine.query(nobody) == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("8.655", "8.65"),  # as a float a little less
        ("2.675", "2.68"),  # this too, but times a hundred it is half a cent
        ("1.005", "1.00"),
        ("0.125", "0.13"),
        ("-0.125", "-0.13"),
        ("123456789.994", "123456789.99"),
        ("0", "0.00"),
    ],
)
def test_decimal_of_a_float_rounds_what_is_multiplied_out(engine, macros, value, expected):
    found = engine.query(f"select {macros['decimal_of'](f'cast({value} as double)', 18, 2)}")
    assert found == [(Decimal(expected),)]


def test_decimal_of_a_float_has_as_many_places_as_are_asked_for(engine, macros):
    found = engine.query(f"""
        select
            {macros["decimal_of"]("cast(1 as double) / 3", 28, 10)},
            {macros["decimal_of"]("cast(null as double)", 18, 6)}
    """)
    assert found == [(Decimal("0.3333333333"), None)]


# ---------- why a record cannot be used


def test_missing_names_the_first_column_without_a_value(engine, macros):
    rows = "(1, 'a', 'b'), (2, null, 'b'), (3, 'a', null), (4, null, null)"
    assert engine.query(f"""
        select id, {macros["missing"](["x", "y"])}
        from (values {rows}) as given (id, x, y)
        order by id
    """) == [(1, None), (2, "x is missing"), (3, "y is missing"), (4, "x is missing")]


@pytest.mark.parametrize(
    ("data_type", "good", "bad"),
    [
        (
            "timestamp",
            ["2024-01-05", "2024/01/05", "2024-01-05 10:00:00+02:00"],
            ["nope", "10:00", "now", "2024", "05.01.2024", "2023-02-29", "2024-01-05 10:00:00 CET"],
        ),
        (
            "decimal(18,2)",
            ["12", "-12.345", ".5", "1e3", " 12.5 "],
            ["12,5", "1,234.5", "$12", "NaN"],
        ),
        ("decimal(18,2)", ["9999999999999999.99"], ["99999999999999999", "1e400", "12.5 EUR", "-"]),
        ("boolean", ["true", "T", "yes", "1", "0", "no", "F"], ["2", "on", "maybe"]),
        ("date", ["2024-01-05", "2024-1-5", "2024-01-05 10:00:00"], ["05.01.2024", "2023-02-29"]),
        ("integer", ["7", "-7", " 7 "], ["seven", "99999999999", "7 pieces"]),
        ("bigint", ["99999999999"], ["9223372036854775808"]),
    ],
)
def test_not_castable(engine, macros, data_type, good, bad):
    reason = f"value is not a {data_type.split('(')[0]}"
    assert_all(
        engine,
        macros["not_castable"]("given", {"value": data_type}),
        dict.fromkeys([*good, "", "  ", "\u00a0", None]) | dict.fromkeys(bad, reason),
    )


def test_not_castable_names_the_first_column(engine, macros):
    expression = macros["not_castable"]("given", {"x": "timestamp", "y": "boolean"})
    assert engine.query(f"""
        select id, {expression}
        from (values (1, 'x', '?'), (2, '2024-01-05', '?'), (3, '', null)) as given (id, x, y)
        order by id
    """) == [(1, "x is not a timestamp"), (2, "y is not a boolean"), (3, None)]


def test_not_castable_of_other_types(engine, macros):
    """A number is no time, whatever an engine would make of it."""
    expression = macros["not_castable"](
        "given", {"seen": "timestamp", "amount": "decimal(18,2)", "n": "timestamp"}
    )
    assert engine.query(f"""
        select {expression}
        from (select timestamp '2024-01-05 10:00:00' as seen, 12.5 as amount, 7 as n) as given
    """) == [("n is not a timestamp",)]


def test_implausible_time(engine, macros):
    early, late = "seen is before 1990", "seen is more than 24 hours after its arrival"
    cases = {
        "1989-12-31 23:59:59.999999": early,
        "1990-01-01 00:00:00": None,
        "2024-01-06 10:00:00": None,
        "2024-01-06 10:00:00.000001": late,
        "9999-12-31 00:00:00": late,
        None: None,
    }
    for loaded_at in ["2024-01-05 10:00:00", None]:
        expected = {time: answer for time, answer in cases.items() if loaded_at or answer != late}
        expression = macros["implausible_time"]("seen")
        rows = ", ".join(
            f"({place}, cast({sql_of(engine, time)} as timestamp))"
            for place, time in enumerate(expected)
        )
        found = engine.query(f"""
            select place, {expression}
            from (
                select *, cast({sql_of(engine, loaded_at)} as timestamp) as _loaded_at
                from (values {rows}) as times (place, seen)
            ) as given
            order by place
        """)
        assert [answer for _, answer in found] == list(expected.values())


def test_fail_stops_the_query_with_its_message(engine, macros):
    expression = macros["fail"]("'Value ' || value || ' is \"bad\".'")
    guarded = f"case when value = 'bad' then {expression} else value end"
    assert_all(engine, guarded, {"good": "good"})
    with pytest.raises(Exception, match='Value bad is "bad"'):
        evaluate(engine, guarded, ["good", "bad"])


# ---------- hashes

SALTS = ["demo", "it's", 'say "x"', r"back\slash\\", "${HOME} $1 {{ x }}", "--; /*", " a:b\t\n"]
SALTS += ["Zürich ☃ 𝄞", "0x41", "'", "cafe"]


@pytest.mark.parametrize("salt", SALTS)
def test_hash_of(engine, macros, salt):
    engine.set_salt(salt)
    texts = ["email:ada@example.com", "", r"it's a \ and a $", "Zürich ☃ 𝄞"]
    assert_all(
        engine,
        macros["hash_of"]("value"),
        {text: hashlib.sha256(f"{salt}:{text}".encode()).hexdigest()[:32] for text in texts}
        | {None: None},
    )


def test_hash_of_holds_no_salt(engine, macros):
    engine.set_salt("a secret")
    assert "secret" not in macros["hash_of"]("value")
    assert b"a secret".hex() not in macros["hash_of"]("value")


def test_hash_without_a_salt(macros, engine):
    """On DuckDB `register_raw` refuses to start; no engine makes up an id."""
    engine.set_salt("")
    if engine.name == "spark":
        with pytest.raises(Exception, match="hash_salt_hex is not set"):
            evaluate(engine, macros["hash_of"]("value"), ["x"])
    else:
        engine.connection.execute("reset variable hash_salt")
        assert evaluate(engine, macros["hash_of"]("value"), ["x"]) == [None]


# ---------- rows as JSON


def records(engine, macros, rows):
    """Rows, all of the same columns, as `raw_record` leaves them; and as they would be without."""
    columns = ", ".join(rows[0])
    values = ", ".join(
        f"({place}, {', '.join(sql_of(engine, value) for value in row.values())})"
        for place, row in enumerate(rows)
    )
    found = engine.query(f"""
        select place, {macros["raw_record"]("raw_row")}, {macros["row_as_json"]("raw_row")}
        from (
            select place, {macros["whole_row"]("source")} as raw_row
            from (values {values}) as source (place, {columns})
        ) as carried
        order by place
    """)
    return [(json.loads(masked), json.loads(plain)) for _, masked, plain in found]


PERSONAL = ["email", "phone", "first_name", "last_name", "birth_date", "city", "postal_code"]
PERSONAL += ["comment"]
MASK = "(personal)"


def assert_masked(engine, macros, rows):
    """Personal values are gone unless there were none; everything else is as it came."""
    for row, (masked, plain) in zip(rows, records(engine, macros, rows), strict=True):
        assert {name: plain[name] for name in row} == row
        expected = {
            name: MASK if name in PERSONAL and value is not None else value
            for name, value in plain.items()
        }
        assert masked == expected


def test_row_as_json(engine, macros):
    source = f"""(
        select
            {engine.literal('a"b' + chr(92) + "c/ü☃" + chr(9))} as text,
            cast(null as string) as nothing,
            7 as whole,
            cast(9.90 as decimal(18, 2)) as amount,
            true as flag,
            date '2024-01-05' as day,
            timestamp '2024-01-05 10:00:00.123456' as seen
    ) as source"""
    expression = macros["row_as_json"](macros["whole_row"]("source"))
    assert engine.query(f"select {expression} from {source}") == [
        (
            r'{"text":"a\"b\\c/ü☃\t","nothing":null,"whole":7,"amount":9.90,"flag":true,'
            '"day":"2024-01-05","seen":"2024-01-05 10:00:00.123456"}',
        )
    ]


def test_row_as_json_writes_no_more_of_a_second_than_there_is(engine, macros):
    seconds = ["10", "10.5", "10.050", "10.000001"]
    columns = ", ".join(
        f"timestamp '2024-01-05 00:00:{second}' as t{n}" for n, second in enumerate(seconds)
    )
    source = f"(select {columns}, {engine.literal('0:00.000000')} as text) as source"
    expression = macros["row_as_json"](macros["whole_row"]("source"))
    (written,) = engine.query(f"select {expression} from {source}")[0]
    assert list(json.loads(written).values()) == [
        "2024-01-05 00:00:10",
        "2024-01-05 00:00:10.5",
        "2024-01-05 00:00:10.05",
        "2024-01-05 00:00:10.000001",
        "0:00.000000",
    ]


def test_raw_record_masks_every_personal_column(engine, macros):
    names = dict.fromkeys(PERSONAL, "Ada")
    assert_masked(engine, macros, [{"order_id": "Ada", "first_names": "Ada"} | names])
    assert_masked(engine, macros, [{"order_id": None} | dict.fromkeys(PERSONAL)])


def test_raw_record_as_text(engine, macros):
    source = "(select 'A-1' as order_id, 'ada' as email, cast(null as string) as phone) as source"
    expression = macros["raw_record"](macros["whole_row"]("source"))
    assert engine.query(f"select {expression} from {source}") == [
        ('{"order_id":"A-1","email":"(personal)","phone":null}',)
    ]


ODD = ['a "b" c', '"', '""', "back\\", "\\\\", '\\"', '\\\\"', "it's", "{a: 1}, [b]", "null", ""]
ODD += ["a\nb\tc\r", "\x01\x02\x7f", "Zürich ☃ 𝄞", "$1 \\1 ${x}", '","email":"x', '"email":"x"']
ODD += ['\\","order_id":"x', "(personal)", "\u2028"]


def test_raw_record_of_odd_text(engine, macros):
    rows = [{"note": text, "comment": text, "order_id": text, "email": text} for text in ODD]
    assert_masked(engine, macros, rows)


def test_raw_record_of_long_text(engine, macros):
    """Java follows a group that repeats only so deep."""
    for letter, length in [("x", 200_000), ('"', 50_000), ("\\", 50_001), ("\n", 50_000)]:
        [(record,)] = engine.query(f"""
            select {macros["raw_record"](macros["whole_row"]("source"))}
            from (
                select
                    repeat({engine.literal(letter)}, {length}) as comment,
                    'x' as city,
                    repeat({engine.literal(letter)}, {length}) as note
            ) as source
        """)
        assert json.loads(record) == {"comment": MASK, "city": MASK, "note": letter * length}


def test_raw_record_of_numbers(engine, macros):
    numbers = [4930123456, 0, -5, Decimal("12.25"), Decimal("-0.25")]
    for number in numbers:
        source = f"(select {number} as phone, {number} as postal_code, {number} as total) as source"
        expression = macros["raw_record"](macros["whole_row"]("source"))
        assert engine.query(f"select {expression} from {source}") == [
            (f'{{"phone":"{MASK}","postal_code":"{MASK}","total":{number}}}',)
        ]


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


def test_raw_record_of_any_text(engine, macros):
    @settings(
        max_examples=60 if engine.name == "duckdb" else 4,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(st.tuples(texts, texts | st.sampled_from(ODD)), min_size=5, max_size=20))
    def check(pairs):
        rows = [{"note": left, "comment": right, "email": left + right} for left, right in pairs]
        assert_masked(engine, macros, rows)

    check()


# ---------- lists


def evaluate_lists(engine, expression, **lists):
    """An expression of lists of days or amounts, each of which is one column."""
    made = {"duckdb": "list_value", "spark": "array"}[engine.name]
    columns = []
    for name, (kind, values) in lists.items():
        rows = ", ".join(f"cast('{value}' as {kind})" for value in values)
        empty = f"{made}(cast(null as {kind}))"
        none = {"duckdb": f"{empty}[2:]", "spark": f"slice({empty}, 2, 1)"}[engine.name]
        columns.append(f"{f'{made}({rows})' if values else none} as {name}")
    ((found,),) = engine.query(f"select {expression} from (select {', '.join(columns)}) as given")
    return found


JANUARY = ["2025-01-01", "2025-01-01", "2025-01-04", "2025-01-04", "2025-01-31"]


@pytest.mark.parametrize(
    ("days", "gaps", "median"),
    [
        ([], [], None),
        (JANUARY[:1], [], None),
        (JANUARY[:2], [], None),
        (JANUARY[:4], [3], 3.0),
        (JANUARY, [3, 27], 15.0),
        ([*JANUARY, "2025-02-05"], [3, 27, 5], 5.0),
    ],
)
def test_gaps_and_their_median(engine, macros, days, gaps, median):
    found = macros["gaps_between"]("days")
    expressions = [found, macros["size_of"](found), macros["median_of"](found)]
    assert [evaluate_lists(engine, sql, days=("date", days)) for sql in expressions] == [
        gaps,
        len(gaps),
        median,
    ]


@pytest.mark.parametrize(
    ("day", "amounts"),
    [
        ("2024-12-31", []),
        ("2025-01-01", ["0.10", "0.20"]),
        ("2025-01-04", ["0.10", "-5.00", "0.20", "7.00"]),
        ("2025-02-01", ["0.10", "-5.00", "9.99", "0.20", "7.00"]),
    ],
)
def test_what_belongs_to_days_so_far(engine, macros, day, amounts):
    days = [JANUARY[place] for place in (0, 2, 4, 1, 3)]
    lists = {
        "days": ("date", days),
        "amounts": ("decimal(18, 2)", ["0.10", "-5.00", "9.99", "0.20", "7.00"]),
    }
    kept = macros["up_to"](f"date '{day}'", "days", "amounts")
    assert evaluate_lists(engine, kept, **lists) == [Decimal(amount) for amount in amounts]
    if amounts:
        total = evaluate_lists(engine, macros["sum_of"](kept), **lists)
        assert total == sum(Decimal(amount) for amount in amounts)
    last = macros["largest_of"](macros["up_to"](f"date '{day}'", "days", "days"))
    assert evaluate_lists(engine, last, **lists) == max(
        (date.fromisoformat(known) for known in days if known <= day), default=None
    )


# ---------- connected components


@pytest.mark.parametrize(
    ("left", "right", "answer"),
    [
        ("cast(12 as bigint)", "cast(10 as bigint)", 6),
        ("cast(1152921504606846975 as bigint)", "1", 1152921504606846974),
        ("cast(0 as bigint)", "1152921504606846975", 1152921504606846975),
        ("cast(null as bigint)", "1", None),
    ],
)
def test_bitwise_xor(engine, macros, left, right, answer):
    # What stands around an expression must not tear it apart.
    expression = macros["bitwise_xor"](left, right)
    assert engine.query(f"select 1 * {expression}") == [(answer,)]


def find_components(engine, macros, rows):
    """What `default__find_components` does, table by table, and the rounds that it took."""
    if engine.name == "duckdb":
        engine.connection.register("given", {"a": rows[:, 0].copy(), "b": rows[:, 1].copy()})
        engine.make("rows_of_all", "select a as node_a, b as node_b from given")
        engine.connection.unregister("given")
    else:
        frame = engine.session.createDataFrame(rows.tolist(), "node_a bigint, node_b bigint")
        frame.createOrReplaceTempView("rows_of_all")
    engine.make("edges_0", macros["select_edges"]("rows_of_all"))
    joins = []
    for number in range(1, MAX_ROUNDS + 1):
        edges, contracted = f"edges_{(number - 1) % 2}", f"edges_{number % 2}"
        joins.append(f"joins_{number}")
        engine.make(joins[-1], macros["select_joins"](edges, number))
        engine.make(contracted, macros["select_contracted"](edges, joins[-1]))
        if engine.query(f"select count(*) from {contracted}") == [(0,)]:
            break
    else:
        pytest.fail(f"components were not found in {MAX_ROUNDS} rounds")
    engine.make("found", macros["select_components"]("rows_of_all", joins))
    return len(joins)


def assert_components(engine, macros, rows):
    find_components(engine, macros, rows)
    found = engine.query("select * from found order by node_a, node_b")
    assert found == test_components.expected_rows(rows.tolist())


@pytest.fixture(scope="module")
def on_duckdb():
    return DuckDB(), render("duckdb")


@cache
def masks():
    query = render("duckdb")["select_joins"]
    rounds = range(1, MAX_ROUNDS + 1)
    return [
        int(re.search(r"xor\(node_id, (\d+)\)", query("edges", number))[1]) for number in rounds
    ]


def test_a_round_joins_every_node_to_its_first_neighbour(engine, macros):
    """Also where nodes and masks are largest."""
    rows = test_components.random_links(test_components.hashes(30), 60)
    rows = np.concatenate([rows, [(0, LARGEST_NODE)], [(rows[0, 0], LARGEST_NODE)]])
    neighbours = {}
    for node_a, node_b in rows.tolist():
        neighbours.setdefault(node_a, {node_a}).add(node_b)
        neighbours.setdefault(node_b, {node_b}).add(node_a)
    values = ", ".join(f"({a}, {b})" for a, b in rows.tolist())
    engine.make(
        "edges",
        "select cast(node_a as bigint) as node_a, cast(node_b as bigint) as node_b "
        f"from (values {values}) as given (node_a, node_b)",
    )
    for number in range(1, MAX_ROUNDS + 1) if engine.name == "duckdb" else [1, 2, MAX_ROUNDS]:
        mask = masks()[number - 1]
        assert dict(engine.query(macros["select_joins"]("edges", number))) == {
            node: min(around, key=lambda other: other ^ mask) for node, around in neighbours.items()
        }


def test_rounds_draw_different_orders():
    """A round that repeats another's order would join nothing that one left."""
    assert len(set(masks())) == MAX_ROUNDS
    assert all(0 < mask <= LARGEST_NODE for mask in masks())
    # Of two orders drawn at random about half the bits differ.
    for one, other in itertools.combinations(masks(), 2):
        assert 8 < (one ^ other).bit_count() < 52


def test_small_components(engine, macros):
    labels = np.append(test_components.hashes(9), LARGEST_NODE)
    links = np.array([(0, 1), (1, 2), (2, 3), (4, 9), (5, 9), (6, 7), (7, 6)])
    assert_components(engine, macros, test_components.graph(labels, *labels[links].T))


def test_nodes_without_links(engine, macros):
    assert_components(engine, macros, np.array([(5, 5), (3, 3), (0, 0)]))


node_ids = st.integers(0, 12) | st.integers(LARGEST_NODE - 3, LARGEST_NODE)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(node_ids, node_ids), min_size=1, max_size=60))
def test_components_of_any_graph(on_duckdb, links):
    ends = np.array(links, dtype=np.int64)
    assert_components(*on_duckdb, test_components.graph(np.unique(ends), *ends.T))


@pytest.mark.parametrize("shape", test_components.SHAPES)
def test_components_of_a_shape(on_duckdb, shape):
    assert_components(*on_duckdb, test_components.SHAPES[shape]())


def test_rounds_hardly_grow_with_the_component(on_duckdb):
    engine, macros = on_duckdb
    rows = test_components.one_component(1_000_000)
    assert find_components(engine, macros, rows) < MAX_ROUNDS / 2
    assert engine.query("select count(*), min(component_id), max(component_id) from found") == [
        (len(rows), rows.min(), rows.min())
    ]


@pytest.fixture
def two_tables(engine):
    """The rows that a table holds, with components, and those that it is to hold."""
    held = "(1, 1, 1), (2, 2, 1), (1, 2, 1), (3, 3, 3), (4, 4, 3), (3, 4, 3), (5, 5, 5), (9, 9, 9)"
    wanted = "(1, 1), (2, 2), (1, 2), (3, 3), (4, 4), (5, 5), (6, 6), (5, 6), (7, 7)"
    engine.make("held", f"select * from (values {held}) as given (node_a, node_b, component_id)")
    engine.make("wanted", f"select * from (values {wanted}) as given (node_a, node_b)")


def test_what_has_changed(engine, macros, two_tables):
    def sorted_rows(query):
        return sorted(engine.query(query))

    changes = macros["select_changes"]("held", "wanted")
    assert sorted_rows(changes) == [(3, 4), (5, 6), (6, 6), (7, 7), (9, 9)]
    engine.make("changes", changes)
    affected = macros["select_affected"]("held", "changes")
    assert sorted_rows(affected) == [(3,), (4,), (5,), (6,), (7,), (9,)]
    engine.make("affected", affected)
    changed = macros["select_changed"]("wanted", "affected")
    assert sorted_rows(changed) == [(3, 3), (4, 4), (5, 5), (5, 6), (6, 6), (7, 7)]
