"""CLV by the formula, equity and cohorts of a shop of ten customers, reckoned by hand.

Each customer is there four times over, under names of his own: a churn needs 30 buyers, and factors
stay what they are. The window has 100 days: from 23 September 2025 to the as-of date, 31 December;
the one before it begins on 15 June.
"""

import csv
from datetime import date
from decimal import Decimal

import pytest
from conftest import dbt, once

CLONES = 4
MARTS = ["customer_kpis", "customer_equity", "cohort_retention"]
VARIABLES = {"value_window_days": 100, "as_of_date": "2025-12-31"}
LAST_MONTH = "2025-11-30"

AUGUST = [(name, "2025-08-01", {"total": 40, "source": "google"}) for name in "bcdefgh"]
# Net revenue and margin are in the comments; without lines, or costs, two fifths are margin.
ORDERS = [
    ("a", "2025-06-15", {"total": 50}),  # the first day of the earlier window
    ("i", "2025-06-14", {"total": 50}),  # the day before it, 200 days before the as-of date
    *AUGUST,
    ("a", "2025-09-23", {"total": 119, "tax": 19, "cost": 60}),  # the window's first day: 100, 40
    # In pounds of 1.25: (59.50 - 9.50) x 1.25 = 62.50, less a cost of 20 pounds: 37.50.
    ("b", "2025-10-01", {"total": 59.5, "tax": 9.5, "cost": 20, "currency": "GBP"}),
    ("i", "2025-10-10", {"total": 45}),  # 45, 18
    # All of it went back: no purchase, but one at the end of October.
    ("f", "2025-10-25", {"total": 70, "refunds": [("2025-11-20", 70)]}),
    # A quarter went back in December: 60, less three quarters of a cost of 20: 45.
    ("c", "2025-11-01", {"total": 80, "cost": 20, "refunds": [("2025-12-01", 20)]}),
    ("d", "2025-11-05", {"total": 30, "cost": ""}),  # the cost is missing: 30, 12
    ("g", "2025-11-06", {"total": 30, "status": "pending"}),  # no purchase
    ("j", "2025-12-01", {"total": 25}),  # the only order: 25, 10
    ("j", "2025-12-02", {"total": 99, "cancelled": "2025-12-03"}),  # cancelled: no purchase
    ("e", "2025-12-31", {"total": 30, "cost": 35}),  # sold at a loss: 30, -5
    ("e", "2025-12-31", {"total": 20}),  # 20, 8
]
SPEND = [
    ("2025-08-01", "google", "EUR", "56"),
    ("2025-08-31", "google", "GBP", "28"),
    ("2025-08-31", "billboard", "EUR", "7.77"),
    ("2025-05-31", "google", "EUR", "1.23"),
    ("2026-01-01", "google", "EUR", "1000"),
]


def write(raw, table, columns, rows):
    path = raw / f"{table}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])


def write_shop(raw):
    orders, lines, refunds = [], [], []
    for number, (customer, day, facts) in enumerate(ORDERS):
        for clone in range(CLONES):
            order = f"{number}-{clone}"
            orders.append(
                [
                    order,
                    f"{day} 12:00:00",
                    facts["total"],
                    f"{customer}{clone}",
                    facts.get("status", "paid"),
                    facts.get("currency", "EUR"),
                    facts.get("tax", 0),
                    facts.get("source", ""),
                    facts.get("cancelled", ""),
                ]
            )
            if "cost" in facts:
                lines.append([f"line-{order}", order, 1, facts["total"], facts["cost"]])
            for nth, (refunded, amount) in enumerate(facts.get("refunds", [])):
                refunds.append([f"refund-{order}-{nth}", order, f"{refunded} 12:00:00", amount])
    write(
        raw,
        "shop/orders",
        [
            "order_id",
            "ordered_at",
            "total_amount",
            "customer_id",
            "status",
            "currency",
            "tax_amount",
            "utm_source",
            "cancelled_at",
        ],
        orders,
    )
    write(
        raw,
        "shop/order_lines",
        ["order_line_id", "order_id", "quantity", "unit_price", "unit_cost"],
        lines,
    )
    write(raw, "shop/refunds", ["refund_id", "order_id", "refunded_at", "amount"], refunds)
    write(raw, "ads/spend", ["spend_date", "channel", "currency", "cost"], SPEND)
    days = {day for _, day, _ in ORDERS} | {day for day, *_ in SPEND}
    write(
        raw,
        "finance/exchange_rates",
        ["rate_date", "currency", "rate_to_reporting"],
        [(day, "GBP", "1.25") for day in sorted(days)],
    )


def built(shared, name, variables):
    raw, home = shared / "raw" / "value", shared / name

    def make():
        write_shop(raw)
        selected = [f"+{mart}" for mart in ["clv_by_group", "orders", *MARTS]]
        return dbt(
            # Tests of marts that are not built stay out.
            [
                *["build", "--indirect-selection", "buildable"],
                *["--exclude-resource-type", "unit_test", "-s", *selected],
            ],
            raw,
            home,
            variables,
        )

    build = once(home, make)
    assert build.returncode == 0, build.output
    return build


@pytest.fixture(scope="module")
def shop(shared):
    return built(shared, "value", VARIABLES)


@pytest.fixture(scope="module")
def past(shared):
    """The same extracts, looked at from a month before."""
    return built(shared, "value_past", VARIABLES | {"as_of_date": LAST_MONTH})


def clv(build, group_type="all", group_name="all", period_end="2025-12-31"):
    (row,) = (
        build.frame(
            "select * from marts.clv_by_group"
            f" where group_type = '{group_type}' and group_name = '{group_name}'"
            f" and period_end = date '{period_end}'"
        )
        .astype(object)
        .to_dict("records")
    )
    return row


def test_every_factor_of_clv_is_what_a_hand_reckons(shop):
    found = clv(shop)
    assert found["buyers"] == 7 * CLONES  # a, b, c, d, e, i, j
    assert found["orders"] == 8 * CLONES
    revenue = 100 + 62.5 + 45 + 60 + 30 + 25 + 30 + 20
    assert found["net_revenue"] == pytest.approx(CLONES * revenue)
    assert found["gross_margin"] == pytest.approx(CLONES * (40 + 37.5 + 18 + 45 + 12 + 10 - 5 + 8))
    assert found["earlier_buyers"] == 8 * CLONES  # a to h: i was a day too early
    assert found["churned_buyers"] == 3 * CLONES  # f sent it back, g did not pay, h was silent
    assert found["average_order_value"] == pytest.approx(372.5 / 8)
    assert found["purchase_frequency"] == pytest.approx(8 / 7)
    assert found["margin_rate"] == pytest.approx(165.5 / 372.5)
    assert found["churn_rate"] == pytest.approx(3 / 8)
    assert found["reason"] is None
    # 46.5625 x 1.142857 x 0.444295 / 0.375
    assert found["clv"] == pytest.approx(63.05)


def test_groups_have_factors_of_their_own_and_say_why_there_is_no_clv(shop):
    google = clv(shop, "acquisition_channel", "google")
    assert (google["buyers"], google["earlier_buyers"]) == (4 * CLONES, 7 * CLONES)
    assert google["churn_rate"] == pytest.approx(3 / 7)
    assert google["average_order_value"] == pytest.approx((62.5 + 60 + 30 + 30 + 20) / 5)
    assert google["reason"] == "first order less than two windows ago"
    direct = clv(shop, "acquisition_channel", "direct")
    assert (direct["buyers"], direct["earlier_buyers"]) == (3 * CLONES, CLONES)
    assert direct["reason"] == "fewer than 30 buyers in the earlier window"
    assert clv(shop, "country", "unknown")["clv"] == pytest.approx(63.05)


def test_a_period_knows_nothing_of_what_came_back_later(shop):
    # On 31 October f's order is one: b to h in August for 280, a 100, b 62.5, i 45, f 70.
    october = clv(shop, period_end="2025-10-31")
    assert october["orders"] == 11 * CLONES
    assert october["net_revenue"] == pytest.approx(CLONES * 557.5)
    assert (october["buyers"], october["earlier_buyers"]) == (9 * CLONES, 2 * CLONES)
    # On 30 November it is none, and c's is still one of 80.
    november = clv(shop, period_end=LAST_MONTH)
    assert november["orders"] == 5 * CLONES
    assert november["net_revenue"] == pytest.approx(CLONES * (100 + 62.5 + 45 + 80 + 30))
    assert november["gross_margin"] == pytest.approx(CLONES * (40 + 37.5 + 18 + 60 + 12))


@pytest.mark.parametrize("mart", ["clv_by_group", "customer_kpis"])
def test_the_past_is_what_a_build_of_then_says(shop, past, mart):
    rows = f"select * exclude (is_current) from marts.{mart} where period_end <= '{LAST_MONTH}'"
    then = past.frame(f"{rows} order by all")
    assert len(then) == {"clv_by_group": 6 + 6 + 6 + 6 + 4, "customer_kpis": 6}[mart]
    assert shop.frame(f"{rows} order by all").equals(then)


def test_what_is_spent_meets_who_was_acquired(shop):
    rows = shop.query("""
        select
            acquired_month, acquisition_channel, customers, ad_spend, cac, customer_equity,
            payback_month, is_total
        from marts.customer_equity
        where ad_spend > 0
        order by acquired_month, is_total, acquisition_channel
    """)
    may, august = date(2025, 5, 1), date(2025, 8, 1)
    money = Decimal
    assert rows == [
        (may, "google", 0, money("1.23"), None, None, None, False),
        (may, "all", 0, money("1.23"), None, None, None, True),
        (august, "billboard", 0, money("7.77"), None, None, None, False),
        (august, "google", 28, money("91.00"), money("3.25"), None, 0, False),
        (august, "all", 28, money("98.77"), money("3.53"), 28 * money("63.05"), 0, True),
    ]


def test_a_cohort_keeps_its_silent_months(shop):
    months = shop.query("""
        select
            months_since, customers, active_customers, net_revenue, cumulative_margin_per_customer
        from marts.cohort_retention
        where acquired_month = date '2025-08-01'
        order by months_since
    """)
    margins = [16 * 7, 0, 37.5, 45 + 12, -5 + 8]
    assert [row[:4] for row in months] == [
        (0, 28, 28, CLONES * 280),
        (1, 28, 0, 0),
        (2, 28, 4, CLONES * 62.5),
        (3, 28, 8, CLONES * 90),
        (4, 28, 4, CLONES * 50),
    ]
    for number, (*_, margin) in enumerate(months):
        assert float(margin) == pytest.approx(sum(margins[: number + 1]) / 7, abs=0.005)
