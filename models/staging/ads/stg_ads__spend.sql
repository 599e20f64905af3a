with

records as (

    select * from {{ ref('base_ads__spend') }}

),

latest as (

    {{ latest_delivery('records', key=['spend_date', 'channel', 'campaign', 'currency']) }}

)

select

    ---------- strings
    channel,
    campaign,
    currency,

    ---------- numerics
    cost,
    impressions,
    clicks,
    cast(rate_to_reporting as decimal(18, 8)) as rate_to_reporting,

    ---------- dates
    spend_date

from latest
