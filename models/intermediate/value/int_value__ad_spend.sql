{# What advertising cost, in the reporting currency, up to the as-of date. Each entry is rounded to the cent
   on its own, as it would be booked, so that months and channels add up to the whole. #}
with

spend as (

    select * from {{ ref('stg_ads__spend') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

)

select

    ---------- strings
    spend.channel,
    spend.campaign,
    spend.currency,

    ---------- numerics
    cast(spend.cost * spend.rate_to_reporting as decimal(18, 2)) as ad_spend,

    ---------- dates
    spend.spend_date as spent_on

from spend
inner join as_of on spend.spend_date <= as_of.as_of_date
