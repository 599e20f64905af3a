with

records as (

    select * from {{ ref('base_shop__order_lines') }}

),

latest as (

    {{ latest_delivery('records', key=['order_line_id']) }}

)

select

    ---------- ids
    order_line_id,
    order_id,
    product_id,

    ---------- numerics
    quantity,
    unit_price,
    discount_amount,
    unit_cost

from latest
