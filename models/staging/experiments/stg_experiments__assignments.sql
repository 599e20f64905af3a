with

records as (

    select * from {{ ref('base_experiments__assignments') }}

),

latest as (

    {{ latest_delivery('records', key=['experiment_id', 'customer_id', 'email', 'phone', 'anonymous_id']) }}

)

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

from latest
