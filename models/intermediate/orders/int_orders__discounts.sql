{{ carried_on('order_key') }}

{# Orders of which something is said of discounts: on the order, on a line of it, or by a code. #}
with

placed as (

    select
        order_key,
        order_source,
        ordered_on
    from {{ touched_rows(ref('int_orders__placed'), 'order_key') }}

),

stated as (

    select
        'shop:' || order_id as order_key,
        discount_amount,
        discount_code
    from {{ ref('stg_shop__orders') }}
    where {{ is_order_touched('shop', 'order_id') }}

    union all

    select
        'pos:' || receipt_id as order_key,
        discount_amount,
        cast(null as string) as discount_code
    from {{ ref('stg_pos__receipts') }}
    where {{ is_order_touched('pos', 'receipt_id') }}

    union all

    select
        'shop:' || order_id as order_key,
        discount_amount,
        cast(null as string) as discount_code
    from {{ ref('stg_shop__order_lines') }}
    where {{ is_order_touched('shop', 'order_id') }}

    union all

    select
        'pos:' || receipt_id as order_key,
        discount_amount,
        cast(null as string) as discount_code
    from {{ ref('stg_pos__receipt_lines') }}
    where {{ is_order_touched('pos', 'receipt_id') }}

),

told as (

    select
        order_key,
        max(case when discount_amount > 0 or discount_code is not null then 1 else 0 end) = 1 as is_discounted
    from stated
    where
        discount_amount is not null
        or discount_code is not null
    group by order_key

)

select
    told.order_key,
    placed.order_source,
    told.is_discounted,
    placed.ordered_on
from told
inner join placed on told.order_key = placed.order_key
