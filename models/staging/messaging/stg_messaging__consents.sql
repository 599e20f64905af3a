with

records as (

    select * from {{ ref('base_messaging__consents') }}

),

latest as (

    {{ latest_delivery('records', key=['consent_id']) }}

)

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

from latest
