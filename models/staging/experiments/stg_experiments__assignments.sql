{{ config(materialized=view_or_table()) }}

select

    ---------- ids
    experiment_id,
    customer_id,
    anonymous_id,

    ---------- strings
    arm,
    email,
    phone,

    ---------- timestamps
    assigned_at

from {{ portable(ref('base_experiments__assignments')) }}
where is_kept
