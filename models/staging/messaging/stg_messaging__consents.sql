{{ config(materialized=view_or_table()) }}

select

    ---------- ids
    consent_id,
    customer_id,

    ---------- strings
    channel,
    status,
    email,
    phone,

    ---------- timestamps
    changed_at

from {{ portable(ref('base_messaging__consents')) }}
where is_kept
