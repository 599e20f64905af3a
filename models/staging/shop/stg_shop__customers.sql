{{ config(materialized=view_or_table()) }}

select

    ---------- ids
    customer_id,

    ---------- strings
    email,
    phone,
    first_name,
    last_name,
    city,
    postal_code,
    country,

    ---------- booleans
    is_test,

    ---------- dates
    birth_date,

    ---------- timestamps
    created_at

from {{ portable(ref('base_shop__customers')) }}
where is_kept
