{{ config(materialized=view_or_table()) }}

select

    ---------- ids
    request_id,
    customer_id,

    ---------- strings
    email,
    phone,

    ---------- timestamps
    requested_at

from {{ portable(ref('base_privacy__erasure_requests')) }}
where is_kept
