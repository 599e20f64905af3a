-- All that was spent on advertising and everybody who ever bought are in the channels of customer_equity
-- once, to the cent, and in its totals once more. The spend is summed up anew from what was staged.
with

staged as (

    select coalesce(sum(cast(spend.cost * spend.rate_to_reporting as decimal(18, 2))), 0) as ad_spend
    from {{ ref('stg_ads__spend') }} as spend
    inner join {{ ref('int_as_of_date') }} as as_of on spend.spend_date <= as_of.as_of_date

),

buyers as (

    select count(distinct purchases.profile_id) as customers
    from {{ ref('int_purchases') }} as purchases
    inner join {{ ref('int_profiles') }} as profiles on purchases.profile_id = profiles.profile_id
    where not profiles.is_test

),

shown as (

    select
        coalesce(sum(case when not is_total then ad_spend end), 0) as channel_spend,
        coalesce(sum(case when is_total then ad_spend end), 0) as total_spend,
        coalesce(sum(case when not is_total then customers end), 0) as channel_customers,
        coalesce(sum(case when is_total then customers end), 0) as total_customers
    from {{ ref('customer_equity') }}

)

select
    staged.ad_spend,
    buyers.customers,
    shown.*
from shown
cross join staged
cross join buyers
where
    staged.ad_spend <> shown.channel_spend
    or staged.ad_spend <> shown.total_spend
    or buyers.customers <> shown.channel_customers
    or buyers.customers <> shown.total_customers
