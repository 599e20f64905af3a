"""The project against answers that others published, to the person and to the cent."""

import csv
import shutil
from decimal import ROUND_HALF_UP, Decimal

import duckdb
import numpy as np
import pandas
import pytest
from conftest import dbt, once

CENT = Decimal("0.01")


def books(build, subject):
    """The account of one subject: measure to (came in, kept, repeated, rejected, left out)."""
    rows = build.query(f"""
        select measure, came_in, kept, repeated, rejected, left_out
        from marts.reconciliation
        where subject = '{subject}'
    """)
    return {measure: tuple(figures) for measure, *figures in rows}


def assert_balanced(build):
    assert build.query("select * from marts.reconciliation where not is_balanced") == []


# ---------- CDNOW


@pytest.fixture(scope="module")
def cdnow(dataset_build):
    return dataset_build("cdnow")


@pytest.fixture(scope="module")
def cdnow_lines(datasets):
    """The published purchases, one per line of the file."""
    names = ["master", "customer", "day", "units", "dollars"]
    return pandas.read_csv(
        datasets / "cdnow" / "CDNOW_sample.txt", sep=r"\s+", header=None, names=names, dtype=str
    )


def test_cdnow_keeps_every_purchase_and_cent(cdnow):
    assert books(cdnow, "marts.orders") == {
        "rows": (6_919, 6_919, 0, 0, 0),
        "amount": (Decimal("244091.94"), Decimal("244091.94"), 0, 0, 0),
    }
    assert_balanced(cdnow)
    assert cdnow.query("""
        select count(*), sum(net_revenue), count(distinct profile_id)
        from marts.orders
        where is_purchase
    """) == [(6_919, Decimal("244091.94"), 2_357)]
    assert cdnow.query("""
        select count(*), sum(order_count), sum(net_revenue) from marts.customer_profiles
    """) == [(2_357, 6_919, Decimal("244091.94"))]


def test_cdnow_keeps_purchases_that_are_alike_in_everything(cdnow, cdnow_lines):
    # 21 lines repeat an earlier one in full, and each is a purchase of its own.
    assert int(cdnow_lines.duplicated().sum()) == 21
    told_apart_by_key_alone = cdnow.query("""
        select count(*) - count(distinct (profile_id, ordered_on, total_amount)) from marts.orders
    """)
    same = cdnow_lines.duplicated(["customer", "day", "dollars"]).sum()
    assert told_apart_by_key_alone == [(int(same),)]
    assert int(same) >= 21


def test_cdnow_counts_purchases_of_zero_dollars(cdnow, cdnow_lines):
    free = cdnow_lines[cdnow_lines["dollars"].astype(float) == 0]
    assert len(free) > 0
    assert cdnow.query("""
        select count(*), count(*) filter (is_purchase), sum(net_revenue)
        from marts.orders
        where total_amount = 0
    """) == [(len(free), len(free), 0)]


def test_cdnow_gives_the_published_summary(cdnow, datasets):
    published = pandas.read_csv(datasets / "cdnow" / "cdnow_customers_summary.csv")
    purchases = cdnow.frame("""
        select
            cast(identifiers.identifier_value as integer) as customer,
            purchases.profile_id,
            cast(purchases.purchased_on as timestamp) as day
        from intermediate.int_purchases as purchases
        inner join intermediate.int_identity__identifiers as identifiers
            on purchases.profile_id = identifiers.profile_id
        where identifiers.identifier_type = 'customer_id'
    """)
    end = pandas.Timestamp("1997-09-30")
    days = purchases[purchases["day"] <= end].drop_duplicates(["profile_id", "day"])
    summary = days.groupby("customer")["day"].agg(["count", "min", "max"])
    both = published.set_index("ID").join(summary)
    # Published weeks are rounded to two decimals.
    agree = (
        (both["count"] - 1 == both["frequency"])
        & (((both["max"] - both["min"]).dt.days / 7 - both["recency"]).abs() < 0.0051)
        & (((end - both["min"]).dt.days / 7 - both["T"]).abs() < 0.0051)
    )
    assert (int(agree.sum()), len(both), len(summary)) == (2_357, 2_357, 2_357)


def test_cdnow_says_what_it_has_not(cdnow):
    assert cdnow.query("""
        select is_present, count(*), count(switched_off), sum(row_count), sum(file_count)
        from marts.source_coverage
        group by is_present
        order by is_present
    """) == [(False, 15, 15, 0, 0), (True, 1, 0, 6_919, 1)]
    (absent,) = cdnow.query("""
        select absent_columns, has_arrival from marts.source_coverage where is_present
    """)
    assert {"email", "status"} <= set(absent[0].split(", "))
    assert not absent[1]


# ---------- Online Retail


@pytest.fixture(scope="module")
def retail(dataset_build):
    return dataset_build("online_retail")


@pytest.fixture(scope="module")
def retail_raw(retail):
    return retail.home.parent / "raw" / "online_retail"


def test_online_retail_accounts_for_every_line_and_penny(retail, retail_raw):
    with (retail_raw / "_accounting.csv").open() as accounts:
        fates = {
            fate: (int(lines), Decimal(money))
            for fate, lines, money in list(csv.reader(accounts))[1:]
        }
    left_out = [figures for fate, figures in fates.items() if fate.startswith("left out")]
    orders, lines, refunds = (
        books(retail, f"shop.{table}") for table in ("orders", "order_lines", "refunds")
    )
    assert_balanced(retail)
    assert orders == {
        "rows": (19_944, 19_944, 0, 0, 0),
        "amount": (Decimal("10641633.34"), Decimal("10641633.34"), 0, 0, 0),
    }
    assert lines == {"rows": (528_513, 528_513, 0, 0, 0)}
    assert lines["rows"][0] == fates["order line"][0]
    # Cancellations that cancel nothing we know of are listed with their money.
    assert refunds == {
        "rows": (9_345, 7_570, 0, 1_775, 0),
        "amount": (Decimal("643144.39"), Decimal("541160.20"), 0, Decimal("101984.19"), 0),
    }
    assert retail.query("""
        select source_table, reason, count(*), sum(amount) from marts.rejected_records group by all
    """) == [("shop.refunds", "refund without its order", 1_775, Decimal("101984.19"))]
    # What was paid, less what went back, with what the adapter left out: the sum of the file.
    gross = orders["amount"][0] - refunds["amount"][0] + sum(money for _, money in left_out)
    assert gross == Decimal("9747747.93")
    # An invoice's goods and postage are its total, to the penny.
    assert orders["amount"][0] == fates["order line"][1] + fates["postage of an order"][1]


def test_online_retail_makes_nobody_of_lines_without_customer(retail):
    assert retail.query("""
        select count(*), count(profile_id), count(distinct profile_id), count(*) filter (
            profile_id is null and is_purchase
        )
        from marts.orders
    """) == [(19_944, 18_521, 4_337, 1_423)]
    assert retail.query("select count(*) from marts.customer_profiles") == [(4_372,)]
    assert retail.query("""
        select count(*), sum(net_revenue) > 1000000 from marts.orders where profile_id is null
    """) == [(1_423, True)]


def test_online_retail_customer_who_sent_all_back_is_no_buyer(retail):
    (profile,) = retail.query("""
        select profiles.net_revenue, profiles.order_count, profiles.segment,
            profiles.recency_score, profiles.acquired_on
        from marts.customer_profiles as profiles
        inner join intermediate.int_identity__identifiers as identifiers
            on profiles.profile_id = identifiers.profile_id
        where
            identifiers.identifier_type = 'customer_id'
            and identifiers.identifier_value = '12346'
    """)
    net_revenue, order_count, segment, recency_score, acquired_on = profile
    assert (net_revenue, order_count, recency_score, acquired_on) == (0, 0, None, None)
    assert segment in (None, "visitors", "loyal_visitors")
    assert retail.query("""
        select count(*), sum(total_amount), sum(refunded_amount), bool_or(is_purchase)
        from marts.orders
        inner join intermediate.int_identity__identifiers using (profile_id)
        where identifier_type = 'customer_id' and identifier_value = '12346'
    """) == [(1, Decimal("77183.60"), Decimal("77183.60"), False)]


def test_online_retail_is_worth_what_was_kept_of_every_order(retail, retail_raw):
    orders = duckdb.sql(
        f"select order_id, total_amount, shipping_amount from '{retail_raw}/shop/orders.parquet'"
    ).fetchall()
    refunds = duckdb.sql(
        f"""
        select
            order_id,
            sum(amount) filter (order_line_id is not null),
            sum(amount) filter (order_line_id is null)
        from '{retail_raw}/shop/refunds.parquet'
        group by order_id
        """
    ).fetchall()
    refunded = {
        order: (goods or Decimal(0), other or Decimal(0)) for order, goods, other in refunds
    }
    expected = {}
    for order, total, shipping in orders:
        goods, other = refunded.get(order, (Decimal(0), Decimal(0)))
        shipping = shipping or Decimal(0)
        kept = Decimal(1) - other / total - (goods / (total - shipping) if goods else 0)
        net = max(Decimal(0), (total - shipping) * kept)
        is_purchase = goods + other < total and (not goods or goods < total - shipping)
        expected[order] = (
            is_purchase,
            net.quantize(CENT, ROUND_HALF_UP) if is_purchase else Decimal(0),
        )
    built = {
        order: tuple(worth)
        for order, *worth in retail.query(
            "select order_id, is_purchase, net_revenue from marts.orders"
        )
    }
    assert built.keys() == expected.keys()
    differing = {key: (built[key], expected[key]) for key in built if built[key] != expected[key]}
    assert differing == {}


# ---------- The Complete Journey


@pytest.fixture(scope="module")
def journey(dataset_build):
    return dataset_build("completejourney")


def test_complete_journey_sells_the_same_in_every_layer(journey):
    sales = Decimal("4596039.58")
    assert journey.query("""
        select
            (select sum(total_amount) from raw_pos.receipts),
            (select sum(total_amount) from staging.stg_pos__receipts),
            (select sum(total_amount) from marts.orders),
            (select sum(net_revenue) from marts.orders where is_purchase),
            (select sum(net_revenue) from marts.customer_profiles)
    """) == [(sales,) * 5]
    assert books(journey, "pos.receipts") == {
        "rows": (155_848, 155_848, 0, 0, 0),
        "amount": (sales, sales, 0, 0, 0),
    }
    assert_balanced(journey)
    assert journey.query("""
        select count(*), count(profile_id), count(distinct profile_id) from marts.orders
    """) == [(155_848, 155_848, 2_469)]


def test_complete_journey_days_are_those_of_its_shops(journey):
    # The last baskets have a UTC time in the year after: no order of 2018 is left in local days.
    assert journey.query("""
        select
            max(ordered_at) >= timestamp '2018-01-01 00:00:00',
            cast(max(ordered_on) as varchar),
            count(*) filter (ordered_on <> cast(ordered_at as date)) > 0
        from marts.orders
    """) == [(True, "2017-12-31", True)]


# ---------- the R package rfm

# First match of the ranges of (recency, frequency, monetary) score wins.
PUBLISHED_RULES = [
    ("Champions", (5, 5), (5, 5), (5, 5)),
    ("Potential Loyalist", (3, 5), (3, 5), (2, 5)),
    ("Loyal Customers", (2, 4), (2, 4), (2, 4)),
    ("Promising", (3, 4), (1, 3), (3, 5)),
    ("New Customers", (4, 5), (1, 3), (1, 5)),
    ("Can't Lose Them", (1, 2), (3, 4), (4, 5)),
    ("At Risk", (1, 2), (2, 5), (4, 5)),
    ("Need Attention", (1, 3), (3, 5), (3, 5)),
    ("About To Sleep", (2, 3), (1, 3), (1, 4)),
    ("Lost", (1, 1), (1, 5), (1, 5)),
    ("Others", (1, 5), (1, 5), (1, 5)),
]


@pytest.fixture(scope="module")
def rfm_r(shared, datasets):
    """The project built on the orders of the package, up to where people are scored."""
    raw, home = shared / "raw" / "rfm_r", shared / "rfm_r"

    def make():
        (raw / "shop").mkdir(parents=True, exist_ok=True)
        orders = pandas.read_csv(datasets / "rfm_r" / "rfm_data_orders.csv", dtype=str)
        pandas.DataFrame(
            {
                "order_id": [f"{number:05}" for number in range(1, len(orders) + 1)],
                "ordered_at": orders["order_date"],
                "total_amount": orders["revenue"],
                "customer_id": orders["customer_id"],
                "email": orders["email"],
            }
        ).to_csv(raw / "shop" / "orders.csv", index=False)
        variables = {
            "as_of_date": "2006-12-31",
            "rfm_window_days": None,
            "buyer_window_days": 10_000,
            "reporting_currency": "USD",
        }
        without_tests = ["--exclude-resource-type", "unit_test", "test"]
        return dbt(
            ["build", *without_tests, "--select", "+segment_membership"], raw, home, variables
        )

    build = once(home, make)
    assert build.returncode == 0, build.output
    return build


@pytest.fixture(scope="module")
def rfm_people(rfm_r, datasets):
    """The project's metrics beside the published row of the same recency, orders and amount."""
    metrics = rfm_r.frame("""
        select
            recency_days,
            order_count as transaction_count,
            cast(net_revenue as double) as amount,
            lifetime_order_count = 1 as is_one_purchase,
            is_engaged
        from marts.segment_membership
        where is_current
    """)
    published = pandas.read_csv(datasets / "rfm_r" / "published_segments_orders_995.csv")
    return metrics, metrics.merge(published, on=["recency_days", "transaction_count", "amount"])


def test_rfm_package_metrics_are_the_published_ones(rfm_people):
    metrics, both = rfm_people
    assert (len(metrics), len(both), both["customer_id"].nunique()) == (995, 995, 995)


def package_scores(metrics):
    """Scores by the rule of the package: breaks are quantiles of type 7, plus one."""

    def breaks_reached(values):
        breaks = np.quantile(values, [0.2, 0.4, 0.6, 0.8], method="linear") + 1
        return (values.to_numpy()[:, None] >= breaks).sum(axis=1)

    return pandas.DataFrame(
        {
            "recency": 5 - breaks_reached(metrics["recency_days"]),
            "frequency": 1 + breaks_reached(metrics["transaction_count"]),
            "monetary": 1 + breaks_reached(metrics["amount"]),
        }
    )


def test_rfm_package_segments_come_out_of_our_rule_table(rfm_r, rfm_people, tmp_path):
    _, both = rfm_people
    scores = package_scores(both)
    for metric in scores:
        assert (scores[metric] == both[f"{metric}_score"]).all(), metric

    # Its rules in our table, and our query over them: first match wins.
    (model,) = (
        node for node in rfm_r.manifest["nodes"].values() if node["name"] == "int_segments__map"
    )
    query = rfm_r.home / "target" / "compiled" / "lifecycle" / model["original_file_path"]
    warehouse = shutil.copy(rfm_r.database, tmp_path / rfm_r.database.name)
    with duckdb.connect(warehouse) as connection:
        connection.execute("delete from seeds.segment_rules")
        for priority, (segment, *ranges) in enumerate(PUBLISHED_RULES, start=1):
            bounds = [bound for scores_of_metric in ranges for bound in scores_of_metric]
            connection.execute(
                """
                insert into seeds.segment_rules
                    (map, priority, segment, r_min, r_max, f_min, f_max, m_min, m_max)
                values ('exponea', ?, ?, ?, ?, ?, ?, ?, ?)
                """,
                [priority, segment, *bounds],
            )
        cells = connection.execute(query.read_text()).df()
    people = both.join(scores.add_suffix("_score_of_rule"))
    placed = people.merge(
        cells,
        left_on=[f"{metric}_score_of_rule" for metric in scores]
        + ["is_one_purchase", "is_engaged"],
        right_on=[f"{metric}_score" for metric in scores] + ["is_one_purchase", "is_engaged"],
        suffixes=("_published", "_of_rules"),
    )
    assert len(cells) == 500
    assert len(placed) == 995
    assert int((placed["segment_published"] == placed["segment_of_rules"]).sum()) == 995
