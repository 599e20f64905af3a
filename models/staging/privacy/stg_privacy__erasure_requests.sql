with

records as (

    select * from {{ ref('base_privacy__erasure_requests') }}

),

latest as (

    {{ latest_delivery('records', key=['request_id']) }}

)

select

    ---------- ids
    request_id,
    customer_id,

    ---------- strings
    email,
    phone,

    ---------- timestamps
    requested_at

from latest
