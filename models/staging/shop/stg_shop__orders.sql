{{ config(materialized=view_or_table()) }}

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
    rate_to_reporting,

    ---------- booleans
    is_test,

    ---------- timestamps
    ordered_at,
    cancelled_at,

    ---------- delivery
    _build_number

from {{ portable(ref('base_shop__orders')) }}
where is_kept
