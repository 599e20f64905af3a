with

records as (

    select * from {{ ref('base_shop__customers') }}

),

latest as (

    {{ latest_delivery('records', key=['customer_id']) }}

)

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

from latest
