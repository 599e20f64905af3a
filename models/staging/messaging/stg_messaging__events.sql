with

records as (

    select * from {{ ref('base_messaging__events') }}

),

latest as (

    {{ latest_delivery('records', key=['event_id']) }}

)

select

    ---------- ids
    event_id,
    message_id,
    campaign_id,
    customer_id,

    ---------- strings
    channel,
    event_type,
    variant,
    email,
    phone,
    link_url,

    ---------- timestamps
    occurred_at

from latest
