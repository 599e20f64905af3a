{{ config(materialized=view_or_table()) }}

select

    ---------- ids
    event_id,
    anonymous_id,
    customer_id,
    product_id,
    order_id,

    ---------- strings
    event_type,
    email,
    page_url,
    referrer,
    utm_source,
    utm_medium,
    utm_campaign,

    ---------- numerics
    value,

    ---------- booleans
    is_bot,

    ---------- timestamps
    occurred_at

from {{ portable(ref('base_web__events')) }}
where is_kept
