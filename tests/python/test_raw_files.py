"""The raw directory as people leave it: every form of file, and every mistake with its message."""

import json
import os
from types import SimpleNamespace

import duckdb
import pytest
from dbt_common.exceptions import DbtRuntimeError

from lifecycle import contract, raw_files

ORDERS = "order_id,ordered_at,total_amount,email\n1,2024-01-01 10:00:00,9.90,a@b.org\n"


@pytest.fixture
def raw(tmp_path):
    """A directory with a helper that puts a CSV text, bytes or a query's Parquet into it."""
    root = tmp_path / "it's [raw]*"

    def put(name, content=ORDERS):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif content.lower().startswith("select"):
            target = str(path).replace("'", "''")
            duckdb.sql(f"copy ({content}) to '{target}' (format parquet)")
        else:
            path.write_text(content)
        return path

    root.mkdir()
    put.root = root
    return put


def parquet(columns="", order_id="1"):
    return (
        f"select {order_id} as order_id, timestamp '2024-01-01 10:00:00' as ordered_at, "
        f"9.90 as total_amount{', ' + columns if columns else ''}"
    )


def table(raw, name="shop.orders"):
    result = raw_files.inspect(str(raw.root))
    assert result["problems"] == []
    return result["tables"][name]


def rows(entry, columns):
    return sorted(duckdb.sql(f"select {columns} from ({entry['relation_sql']})").fetchall())


def problem(raw, *words):
    """The one problem of a directory, which says all of these words."""
    problems = raw_files.inspect(str(raw.root))["problems"]
    assert len(problems) == 1, problems
    for word in words:
        assert word in problems[0]
    assert problems[0].endswith(".")
    return problems[0]


# -- forms ---------------------------------------------------------------------------------------


def test_parquet_keeps_native_types_and_gives_every_column_of_the_contract(raw):
    raw("shop/orders.parquet", parquet("7 as surplus, 'x' as email"))
    entry = table(raw)
    assert entry["format"] == "parquet"
    assert entry["file_count"] == 1
    assert entry["columns"] == {
        "order_id": "INTEGER",
        "ordered_at": "TIMESTAMP",
        "total_amount": "DECIMAL(3,2)",
        "email": "VARCHAR",
    }
    described = dict(
        column[:2] for column in duckdb.sql("describe " + entry["relation_sql"]).fetchall()
    )
    wanted = [column.name for column in contract.tables()["shop.orders"].columns]
    assert list(described) == [*wanted, "_loaded_at", "_file"]
    assert described["discount_amount"] == "DECIMAL(18,2)"
    assert described["is_test"] == "BOOLEAN"
    assert described["status"] == "VARCHAR"
    assert rows(entry, "order_id, email, status, _loaded_at, _file") == [(1, "x", None, None, None)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_is_text_whatever_its_delimiter(raw, delimiter):
    raw("shop/orders.csv", ORDERS.replace(",", delimiter))
    entry = table(raw)
    assert entry["format"] == "csv"
    assert set(entry["columns"].values()) == {"VARCHAR"}
    assert rows(entry, "order_id, ordered_at, total_amount, email, _file") == [
        ("1", "2024-01-01 10:00:00", "9.90", "a@b.org", None)
    ]


def test_csv_may_have_a_mark_of_utf8_windows_lines_quotes_and_newlines_in_them(raw):
    text = (
        'order_id,ordered_at,total_amount,status\r\n#1,2024-01-01,"1,5","says ""hi""\r\nthere"\r\n'
    )
    raw("shop/orders.csv", b"\xef\xbb\xbf" + text.encode())
    assert rows(table(raw), "order_id, total_amount, status") == [
        ("#1", "1,5", 'says "hi"\r\nthere')
    ]


def test_csv_with_only_column_names_is_an_empty_table(raw):
    raw("shop/orders.csv", "order_id,ordered_at,total_amount\n")
    assert rows(table(raw), "order_id") == []


def test_csv_may_have_nameless_and_repeated_columns_that_nobody_asks_for(raw):
    raw("shop/orders.csv", "order_id,ordered_at,total_amount,note,Note,\n1,2024-01-01,2,a,b,c\n")
    assert rows(table(raw), "order_id, total_amount") == [("1", "2")]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_columns_match_in_any_case_and_around_spaces(raw, ending):
    if ending == "csv":
        raw("shop/orders.csv", "Order_ID, ORDERED_AT ,total_amount\n1,2024-01-01,2\n")
    else:
        raw("shop/orders.parquet", parquet("'x' as Email").replace("order_id", "Order_ID"))
    assert [str(row[0]) for row in rows(table(raw), "order_id")] == ["1"]


def test_parts_of_parquet_may_differ_in_columns_and_carry_their_file_names(raw):
    raw("shop/orders/2024-01.parquet", parquet("'a@b.org' as email"))
    raw("shop/orders/2024-02.PARQUET", parquet("true as is_test, 4 as surplus", order_id="2"))
    raw("shop/orders/_SUCCESS", b"")
    entry = table(raw)
    assert entry["format"] == "parquet parts"
    assert entry["file_count"] == 2
    assert rows(entry, "order_id, email, is_test, _file") == [
        (1, "a@b.org", None, "2024-01.parquet"),
        (2, None, True, "2024-02.PARQUET"),
    ]


def test_parts_of_csv_may_differ_in_columns_and_delimiter(raw):
    raw("shop/orders/1.csv")
    raw("shop/orders/2.csv", "total_amount;order_id;ordered_at\n5;2;2024-01-02\n")
    raw("shop/orders/3.csv", "order_id,ordered_at,total_amount,email\n")
    entry = table(raw)
    assert entry["format"] == "csv parts"
    assert rows(entry, "order_id, total_amount, email, _file") == [
        ("1", "9.90", "a@b.org", "1.csv"),
        ("2", "5", None, "2.csv"),
    ]


def test_a_large_part_of_csv_is_not_read_for_the_rows_of_others(raw):
    line = ORDERS.splitlines(keepends=True)[1]
    large = raw("shop/orders/large.csv", ORDERS + line * (raw_files.CHUNK_BYTES // len(line) + 1))
    raw("shop/orders/1.csv")
    raw("shop/orders/2.csv")
    entry = table(raw)
    assert {file for (file,) in rows(entry, "distinct _file")} == {"1.csv", "2.csv", "large.csv"}
    large.write_bytes(ORDERS.encode() + b"\xff\n")
    read = f"select order_id, _file from ({entry['relation_sql']}) where _file"
    assert duckdb.sql(f"{read} in ('2.csv')").fetchall() == [("1", "2.csv")]
    with pytest.raises(duckdb.Error):
        duckdb.sql(f"{read} in ('large.csv')").fetchall()


def test_parts_of_both_formats_hold_together_as_text(raw):
    raw("shop/orders/1.csv")
    raw("shop/orders/2.parquet", parquet(order_id="2"))
    entry = table(raw)
    assert entry["format"] == "csv and parquet parts"
    assert rows(entry, "order_id, ordered_at, _file") == [
        ("1", "2024-01-01 10:00:00", "1.csv"),
        ("2", "2024-01-01 10:00:00", "2.parquet"),
    ]


def test_instants_become_utc_wall_time_whatever_the_session(raw):
    instant = "timestamptz '2024-01-01 12:00:00+02'"
    values = f"1 as order_id, {instant} as ordered_at, 1 as total_amount, {instant} as _loaded_at"
    raw("shop/orders.parquet", f"select {values}")
    entry = table(raw)
    assert entry["columns"]["ordered_at"] == "TIMESTAMP"
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'Asia/Tokyo'")
        found = connection.execute(
            f"select ordered_at::varchar, _loaded_at::varchar from ({entry['relation_sql']})"
        ).fetchall()
    assert found == [("2024-01-01 10:00:00", "2024-01-01 10:00:00")]


def test_arrival_is_a_timestamp_and_one_that_cannot_be_read_stops_the_build(raw):
    header = "order_id,ordered_at,total_amount,_loaded_at\n1,2024-01-01,2,"
    raw("shop/orders.csv", f"{header}2024-01-02T02:00:00+02:00\n2,2024-01-01,2,\n")
    entry = table(raw)
    assert "_loaded_at" in entry["columns"]
    assert rows(entry, "order_id, _loaded_at::varchar") == [
        ("1", "2024-01-02 00:00:00"),
        ("2", None),
    ]
    raw("shop/orders.csv", f"{header}soon\n")
    with pytest.raises(duckdb.Error, match=r"shop/orders.csv: `_loaded_at` is no time: soon"):
        rows(table(raw), "_loaded_at")


def test_arrival_that_cannot_be_read_names_its_part(raw):
    header = "order_id,ordered_at,total_amount,_loaded_at\n1,2024-01-01,2,"
    raw("shop/orders/1.csv", f"{header}2024-01-02\n")
    raw("shop/orders/2.csv", f"{header}soon\n")
    with pytest.raises(duckdb.Error, match=r"shop/orders/2.csv: `_loaded_at` is no time: soon"):
        rows(table(raw), "_loaded_at")


def test_a_malformed_row_further_down_fails_with_file_and_line(raw):
    good = "".join(f"{number},2024-01-01,2,x\n" for number in range(5000))
    raw("shop/orders.csv", f"order_id,ordered_at,total_amount,email\n{good}5000,2024-01-01\n")
    with pytest.raises(duckdb.Error, match=r"(?s)Line: 5002.*orders\.csv"):
        rows(table(raw), "order_id")


def test_a_row_with_a_value_too_many_fails_even_where_few_columns_are_read(raw):
    good = "".join(f"{number},2024-01-01,2,x\n" for number in range(5000))
    raw("shop/orders.csv", f"order_id,ordered_at,total_amount,email\n{good}5000,2024-01-01,2,x,y\n")
    with pytest.raises(duckdb.Error, match=r"(?s)Line: 5002.*orders\.csv"):
        rows(table(raw), "order_id")


def test_latin_1_far_down_is_found_before_the_build(raw):
    good = f"1,2024-01-01,2,{'x' * 1000}\n" * 2100
    text = f"order_id,ordered_at,total_amount,email\n{good}2,2024-01-01,2,caf\xe9\n"
    raw("shop/orders.csv", text.encode("latin-1"))
    problem(
        raw, "`shop/orders.csv` is not encoded in UTF-8 (byte 0xE9 on line 2102, as in Latin-1)"
    )


def test_a_letter_across_two_reads_is_no_wrong_byte(raw):
    text = "order_id,ordered_at,total_amount,email\n1,2024-01-01,2,"
    fill = "x" * (raw_files.CHUNK_BYTES - len(text) - 1)
    raw("shop/orders.csv", f"{text}{fill}\xe9\n")
    assert rows(table(raw), "right(email, 1)") == [("\xe9",)]


def test_receipts_alone_are_enough(raw):
    raw("pos/receipts.csv", "receipt_id,sold_at,total_amount\n1,2024-01-01,2\n")
    assert table(raw, "pos.receipts")["file_count"] == 1


# -- problems ------------------------------------------------------------------------------------


def test_absent_directory(tmp_path):
    result = raw_files.inspect(str(tmp_path / "nowhere"))
    assert "nowhere` does not exist" in result["problems"][0]
    assert "LIFECYCLE_RAW" in result["problems"][0]
    assert result["tables"] == {}


def test_a_file_is_no_directory(raw):
    path = raw("orders.csv")
    assert "is a file" in raw_files.inspect(str(path))["problems"][0]


def test_neither_orders_nor_receipts(raw):
    raw("shop/customers.csv", "customer_id\n1\n")
    raw("shop/order.csv")
    problems = raw_files.inspect(str(raw.root))["problems"]
    assert "holds neither `shop/orders` nor `pos/receipts`" in problems[0]
    assert "did you mean `shop/orders.csv`?" in problems[0]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty (0 bytes)"),
        (b"order_id,ordered_at\n", "is no Parquet file (it does not begin with PAR1)"),
        (b"PAR1 and then nothing", "is cut off (it does not end with PAR1)"),
        (b"PAR1xxxxxxxxxxxxxxxxPAR1", "has a broken footer"),
    ],
)
def test_file_that_is_no_parquet(raw, content, reason):
    raw("shop/orders.parquet", content)
    problem(raw, "`shop/orders.parquet`", reason, "export it again")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty, without even a line of column names"),
        (b"\xef\xbb\xbf\n", "is empty, without even a line of column names"),
        (b"PAR1....PAR1", "is a Parquet file: rename it"),
        (b"PK\x03\x04....", "is a zip archive or an Excel workbook"),
        (b"\x1f\x8b....", "is compressed with gzip"),
        (b"\x00\x01\x02", "is no text (it has zero bytes)"),
        (ORDERS.encode("utf-16"), "is encoded in UTF-16"),
        (ORDERS.replace("a@b", "\xe9@b").encode("latin-1"), "(byte 0xE9 on line 2, as in Latin-1)"),
        (ORDERS.split("\n")[1].encode(), "has no line of column names (its first line is `1,2024-"),
        (b'"order_id,ordered_at,total_amount\n1,2,3\n', "has a broken quote in its line of column"),
        (ORDERS.replace("9.90", '"9.90').encode(), "line 2: Value with unterminated quote found"),
        (
            ORDERS.replace("9.90,", "").encode(),
            "line 2: Expected Number of Columns: 4 Found: 3",
        ),
    ],
)
def test_csv_that_cannot_be_read(raw, content, reason):
    raw("shop/orders.csv", content)
    problem(raw, "`shop/orders.csv`", reason)


def test_missing_required_column_names_what_was_found_and_the_closest(raw):
    raw("shop/orders.csv", "OrderID,ordered_at,amount\n1,2024-01-01,2\n")
    problem(
        raw,
        "`shop/orders.csv` lacks the required columns `order_id`, `total_amount`",
        "found `OrderID`: rename it to `order_id`",
        "it has `OrderID`, `ordered_at`, `amount`",
    )


def test_missing_required_column_without_a_close_name(raw):
    raw("shop/orders.parquet", "select 1 as order_id, 2 as total_amount")
    problem(raw, "lacks the required column `ordered_at` (add it to the extract)")


def test_missing_required_column_of_one_part_names_the_part(raw):
    raw("shop/orders/1.csv")
    raw("shop/orders/2.csv", "order_id,ordered_at\n1,2024-01-01\n")
    problem(raw, "`shop/orders/2.csv` lacks the required column `total_amount`")


def test_many_bad_parts_are_told_in_few_sentences(raw):
    for number in range(9):
        raw(f"shop/orders/{number}.parquet", b"")
    problems = raw_files.inspect(str(raw.root))["problems"]
    assert len(problems) == 4
    assert problems[-1] == "6 more files of `shop.orders` cannot be read either."


@pytest.mark.parametrize(
    ("name", "words"),
    [("part.json", "(it holds `part.json`)"), ("_SUCCESS", "has no .parquet or .csv parts:")],
)
def test_folder_without_parts(raw, name, words):
    raw(f"shop/orders/{name}", b"{}")
    problem(raw, "`shop/orders/` has no .parquet or .csv parts", words)


def test_two_forms_of_one_table_are_ambiguous(raw):
    raw("shop/orders.csv")
    raw("shop/orders/1.csv")
    problem(
        raw,
        "`shop/orders.csv` and `shop/orders` are both there",
        "`shop.orders`: remove the other",
    )


def test_csv_columns_that_differ_only_in_case(raw):
    raw("shop/orders.csv", "order_id,ordered_at,total_amount,Email,EMAIL\n1,2024-01-01,2,a,b\n")
    problem(raw, "`shop/orders.csv` has the column `email` 2 times", "keep one of them")


def test_parquet_columns_that_differ_only_in_case(raw):
    path = raw("shop/orders.parquet", parquet("'a' as email, 'b' as emaix"))
    path.write_bytes(path.read_bytes().replace(b"emaix", b"Email"))
    problem(raw, "`shop/orders.parquet` has the column `email` 2 times")


def test_directory_that_is_named_like_a_file(raw):
    raw("shop/orders.parquet/part-0.parquet", parquet())
    problem(raw, "`shop/orders.parquet` is a folder, not a file: rename it to `shop/orders/`")


def test_directory_among_the_parts(raw):
    raw("shop/orders/1.parquet", parquet())
    raw("shop/orders/2.parquet/part-0.parquet", parquet())
    problem(raw, "`shop/orders/2.parquet` is a folder among the parts")


def test_link_to_nothing_cannot_be_opened(raw):
    raw("pos/receipts.csv", "receipt_id,sold_at,total_amount\n")
    link = raw.root / "shop" / "orders.csv"
    link.parent.mkdir()
    link.symlink_to("gone.csv")
    problem(raw, "`shop/orders.csv` cannot be opened (No such file or directory)")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("name", ["shop/orders.csv", "shop/orders/1.csv", "shop/orders.parquet"])
def test_file_without_permission(raw, name):
    raw(name).chmod(0)
    problem(raw, f"`{name}` cannot be opened (Permission denied)")


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("['a']", "nested (a list, map or struct)"),
        ("{'a': {'b': 1}, 'c': [1]}", "nested (a list, map or struct)"),
        ("map {'a': 1}", "nested (a list, map or struct)"),
        ("'a'::blob", "binary"),
    ],
)
def test_values_that_are_not_plain(raw, value, kind):
    raw("shop/orders.parquet", parquet(f"{value} as status, 'x' as email"))
    problem(raw, f"`shop/orders.parquet` has {kind} values in `status`")


def test_nested_values_in_a_column_that_nobody_asks_for(raw):
    raw("shop/orders.parquet", parquet("{'a': {'b': 1}, 'c': [1]} as surplus, 'x' as email"))
    assert rows(table(raw), "email") == [("x",)]


def test_arrival_of_another_type(raw):
    raw("shop/orders.parquet", parquet("1704067200 as _loaded_at"))
    problem(raw, "has `_loaded_at` as INTEGER: write the arrival as a timestamp")


def test_parts_that_disagree_about_a_type(raw):
    raw("shop/orders/1.parquet", parquet("timestamp '2024-01-01' as cancelled_at"))
    raw("shop/orders/2.parquet", parquet("1704067200 as cancelled_at"))
    problem(
        raw,
        "`shop/orders/1.parquet` has `cancelled_at` as TIMESTAMP",
        "`shop/orders/2.parquet` as INTEGER",
    )


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("shop/order.parquet", "no table of the contract; did you mean `shop/orders.parquet`?"),
        ("shop/Refunds.csv", "no table of the contract; did you mean `shop/refunds.csv`?"),
        ("shop/refunds.csv.gz", "no table of the contract; did you mean `shop/refunds.csv`?"),
        ("shop/refund/1.csv", "no table of the contract; did you mean `shop/refunds/`?"),
        ("shop/refunds", "no table of the contract; did you mean `shop/refunds.csv`?"),
        ("mesaging/events.csv", "no table of the contract; did you mean `messaging/events.csv`?"),
        ("pos_receipts.csv", "no table of the contract; did you mean `pos/receipts.csv`?"),
        ("shop/notes.txt", "no table of the contract."),
        ("README.md", "no table of the contract."),
        ("shop/orders/3.json", "no part: a part ends in .parquet or .csv."),
    ],
)
def test_what_is_not_read_is_listed(raw, name, sentence):
    raw("shop/orders/1.csv")
    raw(name, b"{}")
    raw(".DS_Store", b"")
    result = raw_files.inspect(str(raw.root))
    assert result["problems"] == []
    listed = name.removesuffix("/1.csv")
    assert result["unknown"] == [f"`{listed}` is {sentence}"]


# -- plugin --------------------------------------------------------------------------------------


def plugin(path=":memory:", attach=()):
    credentials = SimpleNamespace(
        path=str(path), attach=[SimpleNamespace(path=str(attached)) for attached in attach]
    )
    return raw_files.Plugin("raw_files", {}, credentials), credentials


def test_plugin_makes_the_directories_of_its_databases(tmp_path):
    it, credentials = plugin(tmp_path / "a" / "b.duckdb", [tmp_path / "c" / "state.duckdb"])
    it.update_connection_config(credentials, {})
    assert (tmp_path / "a").is_dir()
    assert (tmp_path / "c").is_dir()
    it, credentials = plugin()
    it.update_connection_config(credentials, {})


def test_plugin_says_which_directory_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    it, credentials = plugin(tmp_path / "file" / "b" / "c.duckdb")
    with pytest.raises(DbtRuntimeError, match="cannot be made"):
        it.update_connection_config(credentials, {})


def test_plugin_registers_its_function_once_per_database(raw, tmp_path):
    raw("shop/orders.csv")
    it, _ = plugin()
    path = str(tmp_path / "x.duckdb")
    with duckdb.connect(path) as one, duckdb.connect(path) as other:
        it.configure_connection(one)
        it.configure_connection(one)
        it.configure_connection(other)
        answer = other.cursor().execute("select raw_files(?)", [str(raw.root)]).fetchall()
    assert json.loads(answer[0][0]) == raw_files.inspect(str(raw.root))


def test_plugin_hands_over_the_salt(monkeypatch):
    it, _ = plugin()
    with duckdb.connect() as connection:
        monkeypatch.delenv("LIFECYCLE_HASH_SALT", raising=False)
        it.configure_cursor(connection)
        assert connection.execute("select getvariable('hash_salt')").fetchall() == [(None,)]
        monkeypatch.setenv("LIFECYCLE_HASH_SALT", "it's salt")
        it.configure_cursor(connection)
        assert connection.execute("select getvariable('hash_salt')").fetchall() == [("it's salt",)]
