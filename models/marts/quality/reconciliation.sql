with

accounting as (

    select * from {{ ref('int_records__accounting') }}

),

orders as (

    select
        count(*) as row_count,
        coalesce(sum(total_amount), 0) as amount
    from {{ ref('orders') }}

),

left_out as (

    select * from {{ ref('int_orders__left_out') }}

),

staged as (

    select
        sum(rows_kept) as row_count,
        coalesce(sum(amount_kept), 0) as amount
    from accounting
    where source_table in ('shop.orders', 'pos.receipts')

),

books as (

    select
        source_table as subject,
        'rows' as measure,
        cast(rows_in as decimal(18, 2)) as came_in,
        cast(rows_kept as decimal(18, 2)) as kept,
        cast(rows_repeated as decimal(18, 2)) as repeated,
        cast(rows_rejected as decimal(18, 2)) as rejected,
        cast(rows_erased as decimal(18, 2)) as erased,
        cast(0 as decimal(18, 2)) as left_out
    from accounting

    union all

    select
        source_table as subject,
        'amount' as measure,
        cast(coalesce(amount_in, 0) as decimal(18, 2)) as came_in,
        cast(coalesce(amount_kept, 0) as decimal(18, 2)) as kept,
        cast(coalesce(amount_repeated, 0) as decimal(18, 2)) as repeated,
        cast(coalesce(amount_rejected, 0) as decimal(18, 2)) as rejected,
        cast(0 as decimal(18, 2)) as erased,
        cast(0 as decimal(18, 2)) as left_out
    from accounting
    where source_table in ('shop.orders', 'shop.refunds', 'pos.receipts', 'ads.spend')

    union all

    select
        'marts.orders' as subject,
        'rows' as measure,
        cast(staged.row_count as decimal(18, 2)) as came_in,
        cast(orders.row_count as decimal(18, 2)) as kept,
        cast(0 as decimal(18, 2)) as repeated,
        cast(0 as decimal(18, 2)) as rejected,
        cast(0 as decimal(18, 2)) as erased,
        cast(left_out.row_count as decimal(18, 2)) as left_out
    from staged
    cross join orders
    cross join left_out

    union all

    select
        'marts.orders' as subject,
        'amount' as measure,
        cast(staged.amount as decimal(18, 2)) as came_in,
        cast(orders.amount as decimal(18, 2)) as kept,
        cast(0 as decimal(18, 2)) as repeated,
        cast(0 as decimal(18, 2)) as rejected,
        cast(0 as decimal(18, 2)) as erased,
        left_out.amount as left_out
    from staged
    cross join orders
    cross join left_out

)

select

    ---------- strings
    subject,
    measure,

    ---------- numerics
    came_in,
    kept,
    repeated,
    rejected,
    erased,
    left_out,
    cast(came_in - kept - repeated - rejected - erased - left_out as decimal(18, 2)) as difference,

    ---------- booleans
    came_in - kept - repeated - rejected - erased - left_out = 0 as is_balanced

from books
