with

records as (

    select * from {{ ref('base_survey__nps_responses') }}

),

latest as (

    {{ latest_delivery('records', key=['response_id']) }}

)

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

from latest
