"""The demo shop: reproducible, honours the contract, and is what its truth says it is.

Shares are compared within four standard deviations of their binomial distribution.
"""

import json
from math import sqrt

import click
import duckdb
import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import betaln, gammaln

from lifecycle import contract
from lifecycle import demo as shop_demo
from lifecycle.demo import broken, buying

TYPES = {"string": "VARCHAR"}


def no_number(column, kind="double"):
    return f"{column} is not null and try_cast({column} as {kind}) is null"


def not_in(column, table):
    return f"{column} not in (select {column} from {table} where {column} is not null)"


# What is wrong with a record of each kind, told from its text alone.
WRONG = {
    "missing key": "{key} is null",
    "blank key": "trim({key}) = ''",
    "missing time": "{time} is null",
    "time that is none": no_number("{time}", "timestamp"),
    "time in the future": "try_cast({time} as timestamp) > _loaded_at::timestamp + interval 1 day",
    "time before 1990": "try_cast({time} as timestamp) < timestamp '1990-01-01'",
    "missing total": "total_amount is null",
    "total that is no number": no_number("total_amount"),
    "negative total": "try_cast(total_amount as double) < 0",
    "currency without a rate": "currency != 'EUR' and "
    + not_in("currency", "finance.exchange_rates"),
    "line without its order": not_in("order_id", "shop.orders"),
    "refund without its order": not_in("order_id", "shop.orders"),
    "line without its receipt": not_in("receipt_id", "pos.receipts"),
    "return of no receipt": "return_of_receipt_id not in"
    " (select receipt_id from good_pos.receipts)",
    "missing quantity": "quantity is null",
    "negative price": "try_cast({price} as double) < 0",
    "price that is no number": no_number("price"),
    "negative refund": "try_cast(amount as double) < 0",
    "amount that is no number": no_number("amount"),
    "no identifier": "coalesce({identifiers}) is null",
    "missing type": "event_type is null",
    "unknown type": "event_type not in ('sent', 'delivered', 'opened', 'clicked', 'bounced',"
    " 'complained', 'unsubscribed')",
    "unknown channel": "channel not in ('email', 'sms', 'push', 'banner')",
    "unknown status": "status not in ('granted', 'withdrawn')",
    "missing message": "message_id is null",
    "missing arm": "arm is null",
    "score above 10": "try_cast(score as int) > 10",
    "score below 0": "try_cast(score as int) < 0",
    "score that is no number": no_number("score", "int"),
    "negative cost": "try_cast(cost as double) < 0",
    "cost that is no number": no_number("cost"),
    "missing channel": "channel is null",
    "rate of zero": "try_cast(rate_to_reporting as double) = 0",
    "negative rate": "try_cast(rate_to_reporting as double) < 0",
    "day that is none": no_number("rate_date", "date"),
}


def files(raw, table):
    """The files of a table, in order of their names."""
    path = raw / table.source / table.name
    return sorted(path.iterdir()) if path.is_dir() else sorted(path.parent.glob(f"{table.name}.*"))


def scan(path):
    if path.suffix == ".csv":
        return f"read_csv('{path}', all_varchar = true, header = true)"
    return f"read_parquet('{path}')"


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """The raw directory of a shop of 2,000 buyers."""
    out = tmp_path_factory.mktemp("demo") / "raw"
    shop_demo.make(out, customers=2000, seed=7)
    return out


@pytest.fixture(scope="module")
def shop(raw):
    """A connection to all its tables: as text, and cast with the broken records left out.

    `<source>.<table>` is the text, `good_<source>.<table>` the rest, `truth.<table>` the truth.
    """
    connection = duckdb.connect()
    connection.execute("create schema truth")
    for path in (raw.parent / "raw_truth").glob("*.parquet"):
        connection.execute(f"create view truth.{path.stem} as from '{path}'")
    for name, table in contract.tables().items():
        columns = [*(column.name for column in table.columns), "_loaded_at"]
        text = ", ".join(f"cast({column} as varchar) as {column}" for column in columns)
        parts = " union all ".join(f"select {text} from {scan(path)}" for path in files(raw, table))
        types = {column.name: column.data_type for column in table.columns}
        cast = ", ".join(f"cast({c} as {types.get(c, 'timestamp')}) as {c}" for c in columns)
        key = f"concat_ws('|', {', '.join(table.key)})"
        has_key = f"{table.key[0]} is not null" if len(table.key) == 1 else "true"
        connection.execute(f"create schema if not exists {table.source}")
        connection.execute(f"create schema if not exists good_{table.source}")
        connection.execute(f"create table {name} as {parts}")
        connection.execute(f"""
            create table good_{name} as select {cast} from {name}
            where {key} not in (
                select record_key from truth.broken_records where table_name = '{name}')
            and {has_key}""")
    # The last delivery of each order and receipt.
    connection.execute("""
        create view orders as select * from good_shop.orders
        qualify row_number() over (partition by order_id order by _loaded_at desc) = 1""")
    connection.execute("""
        create view receipts as select distinct on (receipt_id) *
        from good_pos.receipts order by receipt_id, _loaded_at""")
    return connection


def one(shop, query):
    return shop.execute(query).fetchone()


def assert_share(count, of, promised):
    assert abs(count / of - promised) < 4 * sqrt(promised * (1 - promised) / of), (count, of)


# -- reproducible --------------------------------------------------------------------------------


def contents(out):
    """Rows of every file, in the order in which they are written."""
    paths = [*out.rglob("*.*"), *out.with_name(f"{out.name}_truth").rglob("*.*")]
    return {
        path.relative_to(out.parent).as_posix().replace(out.name, "raw", 1): duckdb.sql(
            f"from {scan(path)}"
        ).fetchall()
        for path in paths
        if path.suffix in (".csv", ".parquet")
    }


def test_a_seed_gives_the_same_rows_on_any_number_of_threads(tmp_path):
    shop_demo.make(tmp_path / "one", customers=200, days=400, seed=3, threads=1)
    shop_demo.make(tmp_path / "two", customers=200, days=400, seed=3, threads=3)
    shop_demo.make(tmp_path / "other", customers=200, days=400, seed=4)
    first = contents(tmp_path / "one")
    assert len(first) > len(contract.tables())
    assert first == contents(tmp_path / "two")
    other = contents(tmp_path / "other")
    same = [name for name in first if first[name] == other[name]]
    assert same == ["raw_truth/parameters.parquet"]


# -- the contract --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", contract.tables())
def test_columns_and_types_are_those_of_the_contract(raw, name):
    table = contract.tables()[name]
    expected = {c.name: TYPES.get(c.data_type, c.data_type.upper()) for c in table.columns}
    expected["_loaded_at"] = "TIMESTAMP"
    paths = files(raw, table)
    assert paths
    for path in paths:
        described = duckdb.sql(f"describe from {scan(path)}").fetchall()
        found = {column: data_type for column, data_type, *_ in described}
        assert list(found) == list(expected)
        is_text = path.suffix == ".csv" or (name == shop_demo.TEXT_AT_LAST and path == paths[-1])
        assert is_text or found == expected


def test_all_that_is_not_broken_casts_and_has_what_is_required(shop):
    for name, table in contract.tables().items():
        columns = [column.name for column in table.columns]
        given = f"select {', '.join(f'count({c})' for c in columns)}, count(*) from good_{name}"
        counts = one(shop, given)
        assert counts[-1] > 0
        for column, count in zip(table.columns, counts, strict=False):
            assert count == counts[-1] or not column.is_required, (name, column)


def test_every_form_of_file_is_there(raw):
    forms = {
        (path.suffix, (raw / table.source / table.name).is_dir())
        for table in contract.tables().values()
        for path in files(raw, table)
    }
    assert forms == {(".csv", True), (".csv", False), (".parquet", True), (".parquet", False)}
    assert not list(raw.rglob("*truth*"))


# -- money ---------------------------------------------------------------------------------------


def test_order_totals_are_their_lines_less_discount_plus_shipping(shop):
    assert one(
        shop,
        """
        with lines as (
            select order_id, sum(quantity * unit_price - coalesce(discount_amount, 0)) as goods
            from (select distinct * exclude (_loaded_at) from good_shop.order_lines) group by all
        )
        select count(*), count(*) filter (
            total_amount = goods - discount_amount + shipping_amount
            and total_amount > 0
            and abs(tax_amount - total_amount * 19 / 119) <= 0.005001
        ), count(distinct currency)
        from orders left join lines using (order_id)""",
    ) == (*2 * one(shop, "select count(*) from orders"), 3)


def test_receipt_totals_are_their_lines_and_returns_undo_a_sale(shop):
    receipts, agree, returns, returned = one(
        shop,
        """
        with lines as (
            select receipt_id, sum(quantity * unit_price - coalesce(discount_amount, 0)) as goods
            from (select distinct * exclude (_loaded_at) from good_pos.receipt_lines) group by all
        )
        select
            count(*),
            count(*) filter (abs(total_amount) = abs(goods) - discount_amount),
            count(return_of_receipt_id),
            count(*) filter (goods < 0)
        from receipts left join lines using (receipt_id)""",
    )
    assert agree == receipts
    assert returned == returns > 0
    assert one(
        shop,
        """
        select count(*), bool_or(taken.total_amount < 0), bool_or(taken.total_amount > 0),
            bool_and(abs(taken.total_amount) <= sold.total_amount and taken.sold_at > sold.sold_at)
        from receipts as taken
        inner join receipts as sold on taken.return_of_receipt_id = sold.receipt_id""",
    ) == (returns, True, True, True)


def test_refunds_are_whole_by_line_and_in_part_and_never_more_than_was_paid(shop):
    whole, by_line, in_part, too_much = one(
        shop,
        """
        select
            count(*) filter (amount = total_amount),
            count(*) filter (order_line_id is not null and quantity is not null),
            count(*) filter (amount < total_amount and order_line_id is null),
            count(*) filter (amount > total_amount or refunded_at < ordered_at)
        from good_shop.refunds inner join orders using (order_id)""",
    )
    assert min(whole, by_line, in_part) > 0
    assert too_much == 0


def test_orders_come_to_nothing_in_every_way_that_the_truth_tells(shop):
    outcomes = shop.execute(
        """
        select outcome, count(*), count(cancelled_at), bool_and(status = 'cancelled'),
            bool_and(is_test), bool_and(is_purchase)
        from truth.orders inner join orders using (order_id) group by outcome order by outcome"""
    ).fetchall()
    assert [(name, *rest) for name, count, dated, *rest in outcomes if name != "kept"] == [
        ("cancelled", True, False, False),
        ("cancelled, no time", True, False, False),
        ("refunded", False, False, False),
        ("test", False, True, False),
    ]
    dated = {name: (dated, count) for name, count, dated, *_ in outcomes}
    assert dated["cancelled"][0] == dated["cancelled"][1]
    assert dated["cancelled, no time"][0] == dated["kept"][0] == 0
    assert one(shop, "select count(*) from good_shop.customers where is_test") > (0,)


def test_a_rate_is_known_on_every_weekday_from_a_week_before_and_on_no_weekend(shop):
    weekdays = int(np.busday_count("2023-06-24", "2026-07-01"))
    assert shop.execute(
        """
        select currency, count(distinct rate_date), bool_and(isodow(rate_date) < 6)
        from good_finance.exchange_rates group by currency order by currency"""
    ).fetchall() == [("CHF", weekdays, True), ("GBP", weekdays, True)]


# -- who is who ----------------------------------------------------------------------------------


def test_every_identifier_on_an_order_is_in_the_truth_as_its_buyers(shop):
    for column in ("customer_id", "email", "phone", "anonymous_id", "loyalty_card_id"):
        written, known = one(
            shop,
            f"""
            select count(*), count(*) filter ((value, person_id) in (
                select value, person_id from truth.identifiers where identifier_type = '{column}'))
            from (
                select {column} as value, person_id
                from good_shop.orders inner join truth.orders using (order_id)
                where {column} is not null
            )""",
        )
        assert written == known > 0


def test_one_address_in_a_hundred_is_mistyped(shop):
    typos, written = one(
        shop,
        """
        select count(*) filter (lower(trim(orders.email)) not in (people.email, second_email)
            or (second_email is null and lower(trim(orders.email)) != people.email)), count(*)
        from orders
        inner join truth.orders as placed using (order_id)
        inner join truth.people using (person_id)
        where orders.email is not null""",
    )
    assert_share(typos, written, 0.01)
    assert one(
        shop,
        """
        select bool_or(email = upper(email)), bool_or(email != trim(email)),
            bool_or(phone like '0150/%'), bool_or(phone like '00%'), bool_or(phone like '+% %')
        from orders""",
    ) == (True, True, True, True, True)


def test_fifteen_orders_in_a_hundred_are_guests_and_some_say_nothing_of_themselves(shop):
    guests, of, mailed, device_alone, nothing = one(
        shop,
        """
        select
            count(*),
            (select count(*) from orders where not is_test),
            count(email),
            count(anonymous_id) filter (email is null),
            count(*) filter (coalesce(email, phone, anonymous_id, loyalty_card_id) is null)
        from orders where customer_id is null""",
    )
    assert_share(guests, of, 0.15)
    assert_share(mailed, guests, 0.85)
    assert device_alone > nothing > 0


def test_two_buyers_in_a_hundred_share_a_device(shop):
    pairs, seen = one(
        shop,
        """
        with owners as (
            select value, count(*) as people from truth.identifiers
            where identifier_type = 'anonymous_id' group by value
        )
        select
            (select 2000 - count(distinct main_device) from truth.people where kind = 'buyer'),
            (select count(*) from owners where people = 2)""",
    )
    assert_share(pairs, 1000, 0.02)
    # Not both of every household have used its device.
    assert pairs / 2 <= seen <= pairs
    crowd = one(
        shop,
        "select count(*) from truth.identifiers where value like 'kiosk%' or value = '0000000000'",
    )
    assert crowd > (10,)


def test_receipts_name_a_card_or_a_contact_or_nobody(shop):
    carded, contacted, anonymous = one(
        shop,
        """
        select
            count(loyalty_card_id) / count(*),
            count(coalesce(email, phone)) filter (loyalty_card_id is null) / count(*),
            count(*) filter (coalesce(loyalty_card_id, email, phone) is null) / count(*)
        from receipts""",
    )
    assert carded > 0.4
    assert 0.05 < contacted < 0.25
    assert 0.1 < anonymous < 0.5


# -- arrival -------------------------------------------------------------------------------------


def test_some_records_come_again_revised_or_identical_and_some_come_late(shop):
    identical, revised, again = one(
        shop,
        """
        select
            count(*) filter (distinct_rows = 1),
            count(*) filter (distinct_rows = 2 and first_status = 'paid' and arrivals = 2),
            count(*)
        from (
            select
                count(distinct orders) as distinct_rows,
                count(distinct _loaded_at) as arrivals,
                min_by(status, _loaded_at) as first_status
            from good_shop.orders group by order_id having count(*) > 1
        )""",
    )
    orders = one(shop, "select count(*) from orders")[0]
    assert_share(identical, orders, 0.005)
    assert_share(revised, orders, 0.005)
    assert identical + revised == again
    late = one(
        shop,
        "select count(*) from (select distinct on (receipt_id) * from good_pos.receipts"
        " order by receipt_id, _loaded_at) where _loaded_at > sold_at + interval 1 day",
    )[0]
    assert_share(late, one(shop, "select count(*) from receipts")[0], 0.005)
    for table in ("shop.order_lines", "pos.receipts", "web.events", "messaging.events"):
        key = contract.tables()[table].key[0]
        assert one(shop, f"select count(*) > count(distinct {key}) from good_{table}") == (True,)


def test_all_happens_within_the_history_and_before_it_arrives(shop):
    for name, table in contract.tables().items():
        times = [c.name for c in table.columns if c.name.endswith("_at") and c.is_required]
        for time in times:
            # Accounts and cards are given out minutes before the first order they are used for.
            assert one(
                shop,
                f"""
                select count(*) from good_{name} where {time} >= timestamp '2026-07-01'
                or {time} < timestamp '2023-06-30 23:50:00' or {time} > _loaded_at""",
            ) == (0,), name


# -- the web and messages ------------------------------------------------------------------------


def test_an_order_carries_the_source_of_the_visit_that_led_to_it(shop):
    visits, agree = one(
        shop,
        """
        with landings as (
            select anonymous_id, occurred_at, utm_source, utm_medium, utm_campaign
            from good_web.events where referrer is not null or utm_source is not null
        ),
        purchases as (
            select order_id, anonymous_id, occurred_at from good_web.events
            where event_type = 'purchase' group by all
        )
        select count(distinct order_id), count(distinct order_id) filter (
            orders.utm_source is not distinct from landings.utm_source
            and orders.utm_campaign is not distinct from landings.utm_campaign)
        from orders
        inner join purchases using (order_id, anonymous_id)
        asof left join landings on landings.anonymous_id = purchases.anonymous_id
            and landings.occurred_at <= purchases.occurred_at
        where orders.utm_source is not null""",
    )
    assert visits == agree > 0
    assert one(
        shop,
        """
        select bool_and(utm_source in (select channel from good_ads.spend)),
            count(distinct utm_source)
        from good_web.events where utm_source is not null""",
    ) == (True, 4)


def test_events_of_the_web_tie_devices_to_people_and_know_robots(shop):
    types = {
        row[0] for row in shop.execute("select distinct event_type from good_web.events").fetchall()
    }
    assert types > {"page_view", "product_view", "search", "add_to_cart", "checkout"}
    assert types > {"purchase", "identify", "sign_up"}
    assert one(
        shop,
        """
        select
            bool_and(anonymous_id is not null and customer_id is not null and email is not null),
            (select count(*) > 0 and count(customer_id) = 0 from good_web.events where is_bot)
        from good_web.events where event_type in ('identify', 'sign_up')""",
    ) == (True, True)


def test_messages_are_answered_at_believable_rates(shop):
    counts = dict(
        shop.execute(
            "select event_type, count(distinct message_id) from good_messaging.events"
            " where channel = 'email' group by event_type"
        ).fetchall()
    )
    assert 0.003 < counts["bounced"] / counts["sent"] < 0.02
    assert 0.15 < counts["opened"] / counts["delivered"] < 0.35
    assert 0.01 < counts["clicked"] / counts["delivered"] < 0.06
    assert 0.002 < counts["unsubscribed"] / counts["delivered"] < 0.01
    assert counts["delivered"] + counts["bounced"] == counts["sent"]
    assert counts["complained"] / counts["delivered"] < 0.003
    sent_without_consent = """
        select count(*)
        from good_messaging.events as sent inner join good_messaging.consents as gone
        on sent.email = lower(trim(gone.email)) and sent.channel = gone.channel
            and gone.status = 'withdrawn' and sent.occurred_at > gone.changed_at"""
    assert one(shop, sent_without_consent) == (0,)


# -- broken on purpose ---------------------------------------------------------------------------


def test_the_broken_records_are_few_of_many_kinds_and_are_where_the_truth_says(shop):
    noted = shop.execute(
        "select table_name, kind, count(*) from truth.broken_records group by all"
    ).fetchall()
    assert {(name, kind) for name, kind, _ in noted} == {
        (name, kind) for name, kinds in broken.KINDS.items() for kind in kinds
    }
    assert len({kind for _, kind, _ in noted}) >= 20
    assert set(broken.KINDS) == set(contract.tables())
    for name, kind, count in noted:
        table = contract.tables()[name]
        words = {
            "key": table.key[0],
            "time": next(
                (c.name for c in table.columns if c.name.endswith("_at") and c.is_required), ""
            ),
            "price": "price" if name == "shop.products" else "unit_price",
            "identifiers": ", ".join(
                c.name for c in table.columns if c.name in shop_demo.IDENTIFIERS
            ),
        }
        wrong = WRONG[kind].format(**words)
        # Every broken record is there and, but for those, no record is wrong in this way.
        assert one(shop, f"select count(*) from {name} where {wrong}") == (count,), (name, kind)
    rows = sum(one(shop, f"select count(*) from {name}")[0] for name in contract.tables())
    assert sum(count for *_, count in noted) < 0.01 * rows


# -- how people buy ------------------------------------------------------------------------------


def test_what_stays_is_what_the_process_drew(shop):
    assert one(
        shop,
        """
        select sum(purchases), (select count(*) from truth.orders where is_purchase),
            count(*) filter (is_alive != (expected_purchases_365_days > 0))
        from truth.people""",
    )[1:] == (*one(shop, "select sum(purchases) from truth.people"), 0)
    once, buyers = one(
        shop,
        "select count(*) filter (purchases = 1), count(*) from truth.people where kind = 'buyer'",
    )
    assert buyers == 2000
    # The shop is to have 40 to 50 % who bought once.
    spread = 4 * sqrt(0.45 * 0.55 / buyers)
    assert 0.40 - spread < once / buyers < 0.50 + spread


def test_the_mean_order_is_worth_what_the_spend_process_says(shop):
    ratio, orders = one(
        shop,
        """
        with goods as (
            select order_id, sum(quantity * unit_price) as goods
            from (select distinct * exclude (_loaded_at) from good_shop.order_lines) group by all
        )
        select avg(goods / mean_spend), count(*)
        from goods
        inner join truth.orders using (order_id) inner join truth.people using (person_id)
        where is_purchase""",
    )
    # One spend has a standard deviation of 1 / sqrt(p) means; prices of the list add some percent.
    assert abs(ratio - 1) < 0.05 + 4 / sqrt(buying.PROCESS.p * orders)


def minus_log_likelihood(logs, x, recency, age, is_modified):
    """Of MBG/NBD (Batislam et al. 2007) or BG/NBD (Fader et al. 2005), with x repeat purchases."""
    r, alpha, a, b = np.exp(logs)
    stays = betaln(a, b + x + is_modified) - (r + x) * np.log(alpha + age)
    leaves = betaln(a + 1, b + x - 1 + is_modified) - (r + x) * np.log(alpha + recency)
    if not is_modified:
        leaves = np.where(x > 0, leaves, -np.inf)
    common = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - betaln(a, b)
    return -np.sum(common + np.logaddexp(stays, leaves))


def hessian(function, at, step=1e-3):
    steps = step * np.eye(len(at))
    return np.array(
        [
            [
                function(at + i + j)
                - function(at + i - j)
                - function(at - i + j)
                + function(at - i - j)
                for j in steps
            ]
            for i in steps
        ]
    ) / (4 * step**2)


@pytest.mark.parametrize("is_modified", [True, False])
def test_maximum_likelihood_recovers_the_process(is_modified):
    buyers, days = 20_000, 1096
    rng = np.random.default_rng(11)
    acquired = buying.acquisition_days(rng, buyers, np.datetime64("2023-07-01"), days)
    person, day, *_ = buying.simulate_purchases(rng, acquired, days, leaves_after_first=is_modified)
    x = np.bincount(person) - 1
    last = np.zeros(buyers)
    last[person] = day
    data = (x, (last - acquired) / 7, (days - acquired) / 7, is_modified)
    process = buying.PROCESS
    truth = np.log([process.r, process.alpha, process.a, process.b])

    fit = minimize(minus_log_likelihood, np.zeros(4), args=data, method="L-BFGS-B")
    errors = np.sqrt(
        np.diag(np.linalg.inv(hessian(lambda logs: minus_log_likelihood(logs, *data), fit.x)))
    )
    assert fit.success
    assert (errors < 0.2).all()
    assert (abs(fit.x - truth) < 3 * errors).all(), (np.exp(fit.x), errors)


def test_the_voucher_has_the_effect_that_the_truth_states():
    drawn, numbers = shop_demo.draw_buyers(5, 40_000, np.datetime64("2023-07-01"), 1096)
    people, purchases = drawn["drawn_people"], drawn["drawn_purchases"]
    start, length = numbers["experiment_day"], numbers["experiment_length"]
    within = (purchases["day"] >= start) & (purchases["day"] < start + length)
    bought = np.bincount(purchases["person"][within], minlength=len(people["person"]))
    is_there = ~(people["left_day"] < start)
    for arm, multiplier in (("control", 1), ("voucher", numbers["multiplier"])):
        chosen = (people["arm"] == arm) & is_there
        expected = buying.expected_purchases(
            multiplier * people["purchase_rate_per_week"][chosen],
            people["dropout_probability"][chosen],
            length,
        )
        surplus = bought[chosen] - expected
        assert abs(surplus.sum()) < 4 * sqrt((surplus**2).sum()), arm


def test_assignments_are_of_those_who_were_drawn_and_even(shop):
    for experiment in ("reactivation_voucher", "checkout_copy"):
        arms = shop.execute(
            "select arm, count(*) from good_experiments.assignments"
            " where experiment_id = ? group by arm order by arm",
            [experiment],
        ).fetchall()
        assert_share(arms[0][1], sum(count for _, count in arms), 0.5)
        assert (
            arms
            == shop.execute(
                "select arm, assigned from truth.experiments where experiment_id = ? order by arm",
                [experiment],
            ).fetchall()
        )


# -- the directory -------------------------------------------------------------------------------


def test_a_directory_of_somebody_else_is_left_alone(tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "precious.csv").write_text("a\n1\n")
    with pytest.raises(click.ClickException, match="was not made by this command"):
        shop_demo.make(tmp_path / "raw", customers=100)
    assert [path.name for path in tmp_path.rglob("*")] == ["raw", "precious.csv"]


def test_its_own_directory_is_replaced_only_when_all_is_written(tmp_path, monkeypatch):
    out = tmp_path / "raw"
    out.mkdir()
    shop_demo.make(out, customers=100, days=200)
    before = sorted(path.name for path in out.rglob("*"))

    def fail(*_):
        raise OSError("disk full")

    with monkeypatch.context() as patched, pytest.raises(OSError, match="disk full"):
        patched.setattr(shop_demo, "write", fail)
        shop_demo.make(out, customers=100, days=200, seed=2)
    assert sorted(path.name for path in out.rglob("*")) == before
    assert json.loads((out / shop_demo.MARKER).read_text())["seed"] == 1
    shop_demo.make(out, customers=100, days=200, seed=2)
    assert json.loads((out / shop_demo.MARKER).read_text())["seed"] == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["raw", "raw_truth"]
