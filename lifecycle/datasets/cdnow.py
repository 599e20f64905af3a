"""CDNOW: every purchase of 2,357 people who first bought CDs there in January to March 1997.

Source: the 1/10 sample published for research by Bruce Hardie, as packaged in `lifetimes`; one
line per purchase: master id, sample id, day, units, dollars. Read: `CDNOW_sample.txt`.

Grain of what is written: `shop.orders`, one row per line of the file. Money in US dollars.

- Every line is an order: 6,919 lines, 244,091.94 dollars. A purchase has no number of its own and
  21 lines repeat an earlier one in full (255 in the master file, of which this is a tenth of the
  customers); they are purchases all the same, so the order_id is the position in the file.
- 8 purchases of 0 dollars (80 in the master file) count, as they do in the published summary.
- customer_id is the sample id without leading zeros (1 to 2357): the `ID` of that summary.
- ordered_at is the day at 00:00 UTC; the file knows no time of day.
- Units are not carried: dollars / units is no price, and no product is named, so there are no
  order lines, and margins are estimated.
"""

from pathlib import Path

import duckdb

from lifecycle.datasets import raw

FILE = "CDNOW_sample.txt"
WHEEL = {
    "requirement": "lifetimes==0.11.3",
    "prefix": "lifetimes/datasets/",
    "sha256": {FILE: "6fae10155c0b0ba363c2c386e30f77990d22328220efd862a5edd1443420d94a"},
}

VARS = {
    # The last day that was observed.
    "as_of_date": "1998-06-30",
    "reporting_currency": "USD",
    # Eighteen months of data hold three windows of half a year.
    "value_window_days": 180,
}

# One row per line of the file. A single reader keeps the lines in the order of the file.
READ = """
create temp table input_lines as

with

lines as (

    select
        row_number() over () as line_number,
        line,
        string_split_regex(trim(line), '\\s+') as fields

    from read_csv(
        {file},
        columns = {{'line': 'varchar'}},
        delim = '\\t', quote = '', escape = '', header = false, parallel = false
    )

)

select
    line_number,
    line,
    try_cast(fields[2] as integer) as sample_id,
    cast(try_strptime(fields[3], '%Y%m%d') as timestamp) as purchased_on,
    try_cast(fields[5] as decimal(18, 2)) as dollars,
    len(fields) as field_count

from lines
where trim(line) <> ''
"""

UNUSABLE = """
select line_number, line
from input_lines
where field_count <> 5 or sample_id is null or purchased_on is null or dollars is null
"""

ORDERS = """
select
    lpad(cast(line_number as varchar), 5, '0') as order_id,
    cast(sample_id as varchar) as customer_id,
    'USD' as currency,
    dollars as total_amount,
    purchased_on as ordered_at

from input_lines
"""

ACCOUNTING = """
create temp table accounting as

select
    'order' as fate,
    count(*) as input_lines,
    sum(dollars) as amount

from input_lines
"""


def find(given: Path | None, scratch: Path) -> Path:
    """The sample's text file."""
    return raw.find_files("cdnow", given, (FILE,), WHEEL, scratch)[FILE]


def convert(connection: duckdb.DuckDBPyConnection, source: Path, directory: Path) -> None:
    """Writes the raw directory of the sample file `source`."""
    connection.execute(READ.format(file=raw.literal(source)))
    raw.require_values(
        connection,
        source,
        "line",
        UNUSABLE,
        "master id, sample id, yyyymmdd, units, dollars, with blanks between",
    )
    connection.execute(ACCOUNTING)
    raw.write_table(connection, directory, "shop.orders", ORDERS)
    raw.write_accounts(connection, directory, left_out=None, variables=VARS)
