{{ carried_on('order_key') }}

{# Orders of which something is said of discounts: on the order, on a line of it, or by a code. #}
with

shop_orders as (

    select * from {{ ref('stg_shop__orders') }}

),

receipts as (

    select * from {{ ref('stg_pos__receipts') }}

),

order_lines as (

    select * from {{ ref('stg_shop__order_lines') }}

),

receipt_lines as (

    select * from {{ ref('stg_pos__receipt_lines') }}

),

stated as (

    select
        'shop:' || order_id as order_key,
        discount_amount,
        discount_code
    from shop_orders

    union all

    select
        'pos:' || receipt_id as order_key,
        discount_amount,
        cast(null as string) as discount_code
    from receipts

    union all

    select
        'shop:' || order_id as order_key,
        discount_amount,
        cast(null as string) as discount_code
    from order_lines

    union all

    select
        'pos:' || receipt_id as order_key,
        discount_amount,
        cast(null as string) as discount_code
    from receipt_lines

)

select
    order_key,
    max(case when discount_amount > 0 or discount_code is not null then 1 else 0 end) = 1 as is_discounted
from stated
where
    (
        discount_amount is not null
        or discount_code is not null
    )
    and {{ is_touched('order_key') }}
group by order_key
