with

records as (

    select * from {{ ref('base_shop__orders') }}

),

latest as (

    {{ latest_delivery('records', key=['order_id']) }}

)

select

    ---------- ids
    order_id,
    customer_id,
    anonymous_id,
    loyalty_card_id,

    ---------- strings
    email,
    phone,
    status,
    channel,
    currency,
    discount_code,
    utm_source,
    utm_medium,
    utm_campaign,

    ---------- numerics
    total_amount,
    discount_amount,
    shipping_amount,
    tax_amount,
    cast(rate_to_reporting as decimal(18, 8)) as rate_to_reporting,

    ---------- booleans
    is_test,

    ---------- timestamps
    ordered_at,
    cancelled_at

from latest
