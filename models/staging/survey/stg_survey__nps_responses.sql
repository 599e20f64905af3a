{{ config(materialized=view_or_table()) }}

select

    ---------- ids
    response_id,
    customer_id,

    ---------- strings
    email,
    touchpoint,
    comment,

    ---------- numerics
    cast(score as integer) as score,

    ---------- timestamps
    responded_at

from {{ portable(ref('base_survey__nps_responses')) }}
where is_kept
