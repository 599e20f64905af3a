{{ config(materialized=view_or_table()) }}

select

    ---------- ids
    event_id,
    message_id,
    campaign_id,
    customer_id,

    ---------- strings
    channel,
    event_type,
    variant,
    email,
    phone,
    link_url,

    ---------- timestamps
    occurred_at

from {{ portable(ref('base_messaging__events')) }}
where is_kept
