with

records as (

    select * from {{ ref('base_pos__receipt_lines') }}

),

latest as (

    {{ latest_delivery('records', key=['receipt_line_id']) }}

)

select

    ---------- ids
    receipt_line_id,
    receipt_id,
    product_id,

    ---------- numerics
    quantity,
    unit_price,
    discount_amount,
    unit_cost

from latest
