{{ config(materialized=view_or_table()) }}

with

orders as (

    select * from {{ portable(ref('int_orders__valued')) }}
    where is_last_version

)

select

    ---------- ids
    order_key,
    order_id,
    profile_id,
    store_id,

    ---------- strings
    order_source,
    channel,
    status,
    not_purchase_reason,
    currency,
    discount_code,
    utm_source,
    utm_medium,
    utm_campaign,

    ---------- numerics
    total_amount,
    cast(discount_amount as decimal(18, 2)) as discount_amount,
    cast(shipping_amount as decimal(18, 2)) as shipping_amount,
    cast(tax_amount as decimal(18, 2)) as tax_amount,
    refunded_amount,
    rate_to_reporting,
    net_revenue,
    gross_margin,

    ---------- booleans
    is_purchase,
    is_margin_estimated,

    ---------- dates and timestamps
    ordered_on,
    cancelled_on,
    ordered_at

from orders
