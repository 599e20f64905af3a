-- The outcomes of a stage add up to its people, none counted twice and none left out, and to a share of 1.
with

stages as (

    select
        stage,
        period_end,
        sum(customers) as customers
    from {{ ref('lifecycle_distribution') }}
    group by stage, period_end

),

conversions as (

    select
        stage,
        horizon,
        period_end,
        sum(customers) as customers,
        sum(share) as shares
    from {{ ref('stage_conversion') }}
    group by stage, horizon, period_end

)

select
    conversions.stage,
    conversions.horizon,
    conversions.period_end,
    conversions.customers,
    conversions.shares,
    stages.customers as stage_customers
from conversions
left join stages
    on
        conversions.stage = stages.stage
        and conversions.period_end = stages.period_end
where
    conversions.customers <> coalesce(stages.customers, -1)
    or abs(coalesce(conversions.shares, 0) - case when conversions.customers > 0 then 1 else 0 end) > 1e-9
