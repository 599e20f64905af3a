with

records as (

    select * from {{ ref('base_shop__refunds') }}

),

latest as (

    {{ latest_delivery('records', key=['refund_id']) }}

)

select

    ---------- ids
    refund_id,
    order_id,
    order_line_id,

    ---------- numerics
    amount,
    quantity,

    ---------- timestamps
    refunded_at

from latest
