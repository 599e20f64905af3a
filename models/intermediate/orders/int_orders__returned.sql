{{ carried_on('order_key') }}

{# What went back: refunds of the shop and receipts that take another one back. #}
with

refunds as (

    select * from {{ ref('stg_shop__refunds') }}

),

receipts as (

    select * from {{ ref('stg_pos__receipts') }}

),

orders as (

    select
        order_key,
        total_amount
    from {{ made_rows(ref('int_orders__placed'), 'order_key') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

returned as (

    select
        'shop:' || refund_id as return_key,
        'shop:' || order_id as order_key,
        order_line_id,
        cast(null as string) as return_receipt_id,
        amount,
        quantity,
        {{ local_date('refunded_at') }} as returned_on
    from refunds
    where {{ is_order_touched('shop', 'order_id') }}

    union all

    select
        'pos:' || receipt_id as return_key,
        'pos:' || return_of_receipt_id as order_key,
        cast(null as string) as order_line_id,
        receipt_id as return_receipt_id,
        cast(abs(total_amount) as decimal(18, 2)) as amount,
        cast(null as decimal(18, 3)) as quantity,
        {{ local_date('sold_at') }} as returned_on
    from receipts
    where
        return_of_receipt_id is not null
        and {{ is_order_touched('pos', 'return_of_receipt_id') }}

),

{# Nobody gets back more than was paid: what lies above it is a slip and counts for nothing. #}
capped as (

    select
        returned.*,
        sum(returned.amount) over (
            partition by returned.order_key
            order by returned.returned_on, returned.return_key
        ) as returned_so_far,
        orders.total_amount
    from returned
    inner join orders on returned.order_key = orders.order_key
    inner join as_of on returned.returned_on <= as_of.as_of_date

)

select
    return_key,
    order_key,
    order_line_id,
    return_receipt_id,
    quantity,
    amount as stated_amount,
    cast(
        greatest(0, least(amount, total_amount - (returned_so_far - amount))) as decimal(18, 2)
    ) as amount,
    returned_on,
    {{ build_number() }} as build_number
from capped
