"""Online Retail: a year of a British gift shop, December 2010 to 9 December 2011.

Source: UCI Online Retail (Daqing Chen, 2015), one row per line of an invoice: InvoiceNo, StockCode,
Description, Quantity, InvoiceDate, UnitPrice, CustomerID, Country. Read: one .parquet or .csv file
with these columns. 541,909 lines, 9,747,747.93 pounds sterling. A line's amount is quantity x unit
price rounded to cents, half up; four lines at 0.001 make the only difference (0.004 in all).
Times carry no zone and are taken as UTC.

What is written, and its grain:

- `shop.orders`: an invoice of a sale with money on it. total_amount = the sum of its lines and its
  postage; ordered_at = the earlier time where an invoice has two (43 have, a minute apart).
  Lines without customer are orders without customer_id: people nobody knows, not one person.
- `shop.order_lines`: a line of such an invoice, except postage. Lines at price 0 are gifts that
  came with the order. M (manual entry) is a line without product.
- `shop.refunds`: a part of a cancellation line (invoices that start with C) and the order that it
  is given back on.
- `shop.customers`: a customer number on any invoice, with the country of his last invoice; null
  where the file has none that ISO 3166 knows (Unspecified, European Community, Channel Islands).
- `shop.products`: a stock code on an order line. Codes are put in upper case, for 85123a is 85123A;
  the name is the description used most often. Gift vouchers are products.

What happens to a line; the first rule that fits:

1. Bad debt (invoice starts with A): left out, 3 lines, -11,062.06.
2. No trade with a customer: S (samples), B, BANK CHARGES, AMAZONFEE, CRUK (a charity's commission):
   left out with either sign, 150 lines, -239,678.96.
3. Cancellation (invoice starts with C): a refund, 9,154 lines, -643,144.39.
    a. It takes back what the same customer bought under the same stock code at the same unit price
       until then: the latest purchase first, and where that has too few units left, the ones
       before it. Units are given back once only. 7,181 lines in full, 53 in part: 464,239.77.
    b. A credit that names no product and reverses no line, D (discount) or M (manual), goes on one
       earlier order of the same customer that still has as much money left: the latest one whose
       money left equals it, else the latest. No order gives back more than was paid. 198 lines,
       76,920.43.
    c. What remains was bought before the data starts, or at another price, or its buyer is
       unknown (265 lines, 39,735.73). It becomes a refund whose order_id is the cancellation's own
       number, which is no order: staging rejects it as a refund without its order, so that it is
       counted and not lost. 1,722 lines and the rest of the 53: 101,984.19.
4. Negative quantity at price 0 (1,336 lines without customer): stock written off, left out.
5. An invoice that comes to 0.00: nothing was sold, left out. 772 lines without customer (stock
   found, tests), 7 of a customer (goods sent free of charge).
6. Postage (POST, DOT, C2): the order's shipping_amount, included in total_amount. 1,974 lines,
   291,401.65; 79 orders are of postage alone.
7. Everything else: an order line, 528,513 lines, 10,350,231.69.

35 customers have no order: 33 with cancellations only, 13256 (rule 5) and 15823 (rule 2).
"""

from pathlib import Path

import click
import duckdb

from lifecycle.datasets import raw

FILES = ("online_retail_2010_2011.parquet", "online_retail.parquet", "online_retail.csv")
COLUMNS = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)

VARS = {
    "as_of_date": "2011-12-09",
    "reporting_currency": "GBP",
    # A year of data holds two windows of half a year.
    "value_window_days": 180,
}

# What stock codes that are no goods stand for.
SPECIAL_CODES = """
create temp table special_codes as

select *
from (
    values
    ('POST', 'postage'),
    ('DOT', 'postage'),
    ('C2', 'postage'),
    ('D', 'discount'),
    ('M', 'manual'),
    ('S', 'fee'),
    ('B', 'fee'),
    ('BANK CHARGES', 'fee'),
    ('AMAZONFEE', 'fee'),
    ('CRUK', 'fee')
) as codes (stock_code, meaning)
"""

COUNTRIES = """
create temp table countries as

select *
from (
    values
    ('Australia', 'AU'),
    ('Austria', 'AT'),
    ('Bahrain', 'BH'),
    ('Belgium', 'BE'),
    ('Brazil', 'BR'),
    ('Canada', 'CA'),
    ('Cyprus', 'CY'),
    ('Czech Republic', 'CZ'),
    ('Denmark', 'DK'),
    ('EIRE', 'IE'),
    ('Finland', 'FI'),
    ('France', 'FR'),
    ('Germany', 'DE'),
    ('Greece', 'GR'),
    ('Hong Kong', 'HK'),
    ('Iceland', 'IS'),
    ('Israel', 'IL'),
    ('Italy', 'IT'),
    ('Japan', 'JP'),
    ('Lebanon', 'LB'),
    ('Lithuania', 'LT'),
    ('Malta', 'MT'),
    ('Netherlands', 'NL'),
    ('Norway', 'NO'),
    ('Poland', 'PL'),
    ('Portugal', 'PT'),
    ('RSA', 'ZA'),
    ('Saudi Arabia', 'SA'),
    ('Singapore', 'SG'),
    ('Spain', 'ES'),
    ('Sweden', 'SE'),
    ('Switzerland', 'CH'),
    ('USA', 'US'),
    ('United Arab Emirates', 'AE'),
    ('United Kingdom', 'GB')
) as codes (name, iso_code)
"""

# The file as it came, every value as text, with its position.
FROM_PARQUET = """
create temp table input_lines as

select
    file_row_number + 1 as line_number,
    columns(* exclude (file_row_number))::varchar

from read_parquet({file}, file_row_number = true)
"""

# A single reader keeps the lines in the order of the file.
FROM_CSV = """
create temp table input_lines as

select
    row_number() over () as line_number,
    *

from read_csv(
    {file}, header = true, all_varchar = true, encoding = {encoding}, parallel = false
)
"""

# Some programs write customer 17850 as 17850.0, and dates the American way.
TYPED_LINES = """
create temp table typed_lines as

select
    line_number,
    nullif(trim(InvoiceNo), '') as invoice,
    upper(nullif(trim(StockCode), '')) as stock_code,
    nullif(trim(Description), '') as description,
    try_cast(Quantity as integer) as quantity,
    coalesce(
        try_cast(InvoiceDate as timestamp),
        try_strptime(InvoiceDate, '%m/%d/%Y %H:%M')
    ) as invoiced_at,
    try_cast(UnitPrice as decimal(18, 4)) as unit_price,
    cast(try_cast(try_cast(CustomerID as double) as bigint) as varchar) as customer_id,
    trim(Country) as country

from input_lines
"""

# Column of the file, column of typed_lines, what is expected, whether it may be empty.
EXPECTED = (
    ("InvoiceNo", "invoice", "an invoice number", False),
    ("StockCode", "stock_code", "a stock code", False),
    ("Quantity", "quantity", "a whole number", False),
    ("InvoiceDate", "invoiced_at", "a time as 2010-12-01 08:26:00 or 12/1/2010 8:26", False),
    ("UnitPrice", "unit_price", "a price as 2.55", False),
    ("CustomerID", "customer_id", "a customer number, or nothing", True),
)

UNUSABLE = """
select
    line_number,
    input_lines.{column} as value

from input_lines
inner join typed_lines using (line_number)
where typed_lines.{typed} is null {unless_empty}
"""

# One row per input line with its fate: the rules of the docstring, in their order.
LINES = """
create temp table lines as

with

meant as (

    select
        typed_lines.* exclude (invoiced_at),
        coalesce(special_codes.meaning, 'goods') as meaning,
        cast(round(quantity * unit_price, 2) as decimal(18, 2)) as amount,
        min(invoiced_at) over (partition by invoice) as invoiced_at,
        row_number() over (partition by invoice order by line_number) as invoice_line

    from typed_lines
    left join special_codes using (stock_code)

),

invoices as (

    select
        invoice,
        sum(amount) as total_amount

    from meant
    where meaning <> 'fee'
    group by invoice

)

select
    meant.*,
    invoice || '-' || invoice_line as line_id,
    case
        when invoice like 'A%' then 'left out: bad debt'
        when meaning = 'fee' then 'left out: fee'
        when invoice like 'C%' then 'refund'
        when quantity < 0 and unit_price = 0 then 'left out: stock written off'
        when invoices.total_amount = 0 then 'left out: nothing charged'
        when meaning = 'postage' then 'postage of an order'
        else 'order line'
    end as fate

from meant
left join invoices using (invoice)
"""

# One row per order.
ORDERS = """
create temp table orders as

select
    invoice as order_id,
    min(customer_id) as customer_id,
    'GBP' as currency,
    sum(amount) as total_amount,
    coalesce(sum(amount) filter (where fate = 'postage of an order'), 0) as shipping_amount,
    min(invoiced_at) as ordered_at

from lines
where fate in ('order line', 'postage of an order')
group by invoice
"""

# Rule 3a. One row per cancellation line and line of a sale that it takes units of.
#
# Sales of one product to one customer at one price pile up; a cancellation takes from the top. So
# each line covers a range of heights of the pile: a sale the one that it adds, a cancellation the
# one that it removes. At any one height sales and cancellations alternate, and a cancellation
# removes what the line before it put there.
TAKEN_BACK = """
create temp table taken_back as

with

movements as (

    select
        line_number,
        concat_ws('/', customer_id, stock_code, unit_price) as pile,
        fate = 'refund' as is_cancellation,
        quantity,
        row_number() over (
            partition by customer_id, stock_code, unit_price
            order by invoiced_at, fate = 'refund', line_number
        ) as position

    from lines
    where
        fate in ('order line', 'postage of an order', 'refund')
        and customer_id is not null
        and unit_price > 0
        and quantity <> 0

),

balances as (

    select
        *,
        sum(quantity) over (partition by pile order by position) as balance

    from movements
    where pile in (select pile from movements where is_cancellation)

),

heights as (

    -- Taking more than there is leaves an empty pile, not a hole.
    select
        *,
        balance - least(0, min(balance) over (partition by pile order by position)) as height_after

    from balances

),

ranges as (

    select
        *,
        lag(height_after, 1, 0) over (partition by pile order by position) as height_before

    from heights

),

cuts as (

    select pile, height_before as height from ranges
    union
    select pile, height_after as height from ranges

),

layers as (

    select
        pile,
        height as bottom,
        lead(height) over (partition by pile order by height) as top

    from cuts

),

layers_moved as (

    select
        ranges.line_number,
        ranges.is_cancellation,
        layers.top - layers.bottom as units,
        lag(ranges.line_number) over (
            partition by layers.pile, layers.bottom order by ranges.position
        ) as put_there_by

    from ranges
    inner join layers
        on
            ranges.pile = layers.pile
            and layers.bottom >= least(ranges.height_before, ranges.height_after)
            and layers.top <= greatest(ranges.height_before, ranges.height_after)

)

select
    line_number as cancellation_line,
    put_there_by as sale_line,
    cast(sum(units) as integer) as units

from layers_moved
where is_cancellation
group by line_number, put_there_by
"""

# Rule 3b. One row per credit without product and the order that it is given back on.
CREDITED = """
create temp table credited as

with

money_left as (

    select
        orders.order_id,
        orders.customer_id,
        orders.ordered_at,
        orders.total_amount - coalesce(sum(round(taken_back.units * sales.unit_price, 2)), 0)
            as money_left

    from orders
    inner join lines as sales
        on orders.order_id = sales.invoice
    left join taken_back
        on sales.line_number = taken_back.sale_line
    group by orders.order_id, orders.customer_id, orders.ordered_at, orders.total_amount

),

credits as (

    select
        line_number,
        customer_id,
        invoiced_at,
        -amount as amount

    from lines
    where
        fate = 'refund'
        and meaning in ('discount', 'manual')
        and line_number not in (select cancellation_line from taken_back)

),

candidates as (

    select
        credits.*,
        money_left.order_id,
        money_left.money_left,
        row_number() over (
            partition by credits.line_number
            order by
                money_left.money_left = credits.amount desc,
                money_left.ordered_at desc,
                money_left.order_id desc
        ) as choice

    from credits
    inner join money_left
        on
            credits.customer_id = money_left.customer_id
            and credits.invoiced_at >= money_left.ordered_at
            and credits.amount <= money_left.money_left

),

in_turn as (

    -- Several credits may choose one order: the later ones find less money left.
    select
        *,
        sum(amount) over (partition by order_id order by invoiced_at, line_number) as credited

    from candidates
    where choice = 1

)

select
    line_number as cancellation_line,
    order_id

from in_turn
where credited <= money_left
"""

# One row per part of a cancellation line; the parts add up to its amount.
REFUNDS = """
create temp table refunds as

with

cancellations as (

    select * from lines
    where fate = 'refund'

),

parts as (

    select
        taken_back.cancellation_line,
        sales.invoice as order_id,
        case when sales.fate = 'order line' then sales.line_id end as order_line_id,
        case when sales.fate = 'order line' then taken_back.units end as quantity,
        round(taken_back.units * sales.unit_price, 2) as amount,
        'refund' as fate

    from taken_back
    inner join lines as sales
        on taken_back.sale_line = sales.line_number

    union all

    select
        credited.cancellation_line,
        credited.order_id,
        null as order_line_id,
        null as quantity,
        -cancellations.amount as amount,
        'refund' as fate

    from credited
    inner join cancellations
        on credited.cancellation_line = cancellations.line_number

),

remainders as (

    select
        cancellations.line_number as cancellation_line,
        cancellations.invoice as order_id,
        null as order_line_id,
        null as quantity,
        -cancellations.amount - coalesce(sum(parts.amount), 0) as amount,
        'refund without its order' as fate

    from cancellations
    left join parts
        on cancellations.line_number = parts.cancellation_line
    group by cancellations.line_number, cancellations.invoice, cancellations.amount
    having -cancellations.amount - coalesce(sum(parts.amount), 0) <> 0

),

all_parts as (

    select * from parts
    union all
    select * from remainders

)

select
    all_parts.*,
    cancellations.invoiced_at as refunded_at,
    cancellations.line_id || '-' || row_number() over (
        partition by all_parts.cancellation_line
        order by all_parts.fate, all_parts.order_id, all_parts.order_line_id
    ) as refund_id

from all_parts
inner join cancellations
    on all_parts.cancellation_line = cancellations.line_number
"""

# One row per fate of an input line. A cancellation with a part of either kind has its own.
ACCOUNTING = """
create temp table accounting as

with

refund_fates as (

    select
        cancellation_line as line_number,
        case
            when count(distinct fate) = 1 then min(fate)
            else 'refund, a part of it without its order'
        end as fate

    from refunds
    group by cancellation_line

)

select
    coalesce(refund_fates.fate, lines.fate) as fate,
    count(*) as input_lines,
    sum(lines.amount) as amount

from lines
left join refund_fates using (line_number)
group by coalesce(refund_fates.fate, lines.fate)
"""

ORDER_LINES = """
select
    line_id as order_line_id,
    invoice as order_id,
    case when meaning = 'goods' then stock_code end as product_id,
    quantity,
    unit_price

from lines
where fate = 'order line'
"""

CUSTOMERS = """
with

last_lines as (

    select
        customer_id,
        arg_max(country, (invoiced_at, line_number)) as country

    from lines
    where customer_id is not null
    group by customer_id

)

select
    last_lines.customer_id,
    countries.iso_code as country

from last_lines
left join countries
    on last_lines.country = countries.name
"""

CATALOGUE = """
with

descriptions as (

    select
        stock_code,
        description,
        count(*) as uses

    from lines
    where fate = 'order line' and meaning = 'goods'
    group by stock_code, description

)

select
    stock_code as product_id,
    -- Ties go to the first in the alphabet.
    arg_min(description, (-uses, description)) as name

from descriptions
group by stock_code
"""

LEFT_OUT = """
select
    lines.fate as reason,
    input_lines.*

from lines
inner join input_lines using (line_number)
where lines.fate like 'left out%'
order by line_number
"""


def find(given: Path | None, scratch: Path) -> Path:
    """The file that is read; no package carries it, so there is nothing to fetch."""
    folder = given or raw.find_folder("online_retail")
    if folder and folder.is_dir():
        folder = next((folder / file for file in FILES if (folder / file).is_file()), None)
    if folder is None:
        raise click.ClickException(
            "No file of UCI Online Retail (data set 352 of the UCI Machine Learning Repository, "
            "541,909 lines of 2010-12 to 2011-12). Get it there, save a workbook as CSV, and name "
            f"the .csv or .parquet file with --from, or a folder that holds {' or '.join(FILES)}."
        )
    return folder


def convert(connection: duckdb.DuckDBPyConnection, source: Path, directory: Path) -> None:
    """Writes the raw directory of the file `source`."""
    read(connection, source)
    for statement in (SPECIAL_CODES, COUNTRIES, LINES, ORDERS, TAKEN_BACK, CREDITED, REFUNDS):
        connection.execute(statement)
    connection.execute(ACCOUNTING)
    raw.write_table(connection, directory, "shop.orders", "select * from orders")
    raw.write_table(connection, directory, "shop.order_lines", ORDER_LINES)
    raw.write_table(
        connection,
        directory,
        "shop.refunds",
        "select * exclude (cancellation_line, fate) from refunds",
    )
    raw.write_table(connection, directory, "shop.customers", CUSTOMERS)
    raw.write_table(connection, directory, "shop.products", CATALOGUE)
    raw.write_accounts(connection, directory, LEFT_OUT, VARS)


def read(connection: duckdb.DuckDBPyConnection, source: Path) -> None:
    """Makes `input_lines` and `typed_lines`, or says which value of which column cannot be read."""
    if source.suffix == ".parquet":
        connection.execute(FROM_PARQUET.format(file=raw.literal(source)))
    elif source.suffix == ".csv":
        # The copies that go round are in either encoding; pound signs tell them apart.
        try:
            source.read_text(encoding="utf-8")
            encoding = "'utf-8'"
        except UnicodeDecodeError:
            encoding = "'latin-1'"
        connection.execute(FROM_CSV.format(file=raw.literal(source), encoding=encoding))
    else:
        raise click.ClickException(
            f"{source}: neither .parquet nor .csv. Save a workbook as CSV and name that file."
        )
    raw.require_columns(connection, "input_lines", source, COLUMNS)
    connection.execute(TYPED_LINES)
    for column, typed, expected, may_be_empty in EXPECTED:
        unless_empty = f"and trim(input_lines.{column}) <> ''" if may_be_empty else ""
        unusable = UNUSABLE.format(column=column, typed=typed, unless_empty=unless_empty)
        raw.require_values(connection, source, column, unusable, expected)
