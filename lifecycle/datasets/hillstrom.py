"""Hillstrom: an e-mail test of 64,000 customers of a shop in three arms, two weeks long.

Source: the MineThatData e-mail analytics challenge (Kevin Hillstrom, 2008), one row per customer:
recency, history_segment, history, mens, womens, zip_code, newbie, channel, segment, visit,
conversion, spend. Read: `hillstrom.csv`. Money in US dollars.

The file says what happened within two weeks of the mailing, and on no day. Days are made up, so
that the test comes in as any other would; what is counted and summed is the file's.

What is written, and its grain:

- `shop.customers`: a row of the file. It has no number; customer_id is its position in the file.
- `experiments.assignments`: the arm of a customer, `mens_mail`, `womens_mail` or `control`, on
  1 March 2008 at 00:00 UTC. The experiment is `hillstrom_mail`.
- `web.events`: a visit (9,394), one page view on one of the 13 days from 2 March on, by position.
- `shop.orders`: a conversion (578 with 67,258.13 dollars), an hour after the visit; and what was
  bought in the year before (64,000 with `history` dollars), as one order `recency` times 30 days
  before the assignment: how many orders there were, and when, is not known but for the last.

Left out: mens, womens, zip_code (Urban, Surburban, Rural), newbie and channel, for which the
contract has no columns; history_segment repeats history.
"""

from pathlib import Path

import click
import duckdb

from lifecycle.datasets import raw

FILE = "hillstrom.csv"

VARS = {
    # The last day of the two weeks.
    "as_of_date": "2008-03-15",
    "reporting_currency": "USD",
    "experiment_goal_days": 14,
    # There is a year of history in all.
    "value_window_days": 180,
}

COLUMNS = ("recency", "history", "segment", "visit", "conversion", "spend")

# One row per customer. A single reader keeps the rows in the order of the file.
READ = """
create temp table input_rows as

select
    row_number() over () as line_number,
    *

from read_csv({file}, header = true, all_varchar = true, parallel = false)
"""

ROWS = """
create temp table customers as

select
    line_number,
    lpad(cast(line_number as varchar), 5, '0') as customer_id,
    case segment
        when 'Mens E-Mail' then 'mens_mail'
        when 'Womens E-Mail' then 'womens_mail'
        when 'No E-Mail' then 'control'
    end as arm,
    try_cast(recency as integer) as recency,
    try_cast(history as decimal(18, 2)) as history,
    try_cast(visit as integer) as visit,
    try_cast(conversion as integer) as conversion,
    try_cast(spend as decimal(18, 2)) as spend,
    timestamp '2008-03-01 00:00:00' as assigned_at,
    timestamp '2008-03-02 12:00:00' + to_days(cast(line_number % 13 as integer)) as visited_at

from input_rows
"""

UNUSABLE = """
select
    line_number,
    concat_ws(
        ',', input_rows.recency, input_rows.history, input_rows.segment,
        input_rows.visit, input_rows.conversion, input_rows.spend
    ) as value

from input_rows
inner join customers using (line_number)
where
    customers.arm is null
    or customers.recency is null
    or customers.history is null
    or customers.spend is null
    or customers.visit is null
    or customers.visit not in (0, 1)
    or customers.conversion is null
    or customers.conversion <> cast(customers.spend > 0 as integer)
"""

ASSIGNMENTS = """
select
    'hillstrom_mail' as experiment_id,
    arm,
    assigned_at,
    customer_id,
    null as email,
    null as phone,
    null as anonymous_id

from customers
"""

EVENTS = """
select
    'V' || customer_id as event_id,
    'page_view' as event_type,
    visited_at as occurred_at,
    customer_id

from customers
where visit = 1
"""

ORDERS = """
select
    'H' || customer_id as order_id,
    customer_id,
    'USD' as currency,
    history as total_amount,
    assigned_at - to_days(30 * recency) + interval 12 hour as ordered_at

from customers
union all
select
    'S' || customer_id as order_id,
    customer_id,
    'USD' as currency,
    spend as total_amount,
    visited_at + interval 1 hour as ordered_at

from customers
where conversion = 1
"""

ACCOUNTING = """
create temp table accounting as

select
    arm || case
        when conversion = 1 then ', order'
        when visit = 1 then ', visit'
        else ''
    end as fate,
    count(*) as input_lines,
    sum(spend) as amount

from customers
group by fate
"""


def find(given: Path | None, scratch: Path) -> Path:
    """The file that is read; no package carries it, so there is nothing to fetch."""
    found = given or raw.find_folder("hillstrom")
    if found and found.is_dir():
        found = found / FILE if (found / FILE).is_file() else None
    if found is None:
        raise click.ClickException(
            "No file of Hillstrom's MineThatData e-mail challenge (64,000 customers, 2008). Get "
            f"it, and name the .csv file with --from, or a folder that holds {FILE}."
        )
    return found


def convert(connection: duckdb.DuckDBPyConnection, source: Path, directory: Path) -> None:
    """Writes the raw directory of the file `source`."""
    connection.execute(READ.format(file=raw.literal(source)))
    raw.require_columns(connection, "input_rows", source, COLUMNS)
    connection.execute(ROWS)
    raw.require_values(
        connection,
        source,
        ", ".join(COLUMNS),
        UNUSABLE,
        "months, dollars, Mens E-Mail, Womens E-Mail or No E-Mail, 0 or 1, 1 where dollars were "
        "spent, dollars",
    )
    connection.execute(ACCOUNTING)
    raw.write_table(connection, directory, "shop.customers", "select customer_id from customers")
    raw.write_table(connection, directory, "shop.orders", ORDERS)
    raw.write_table(connection, directory, "web.events", EVENTS)
    raw.write_table(connection, directory, "experiments.assignments", ASSIGNMENTS)
    raw.write_accounts(connection, directory, left_out=None, variables=VARS)
