-- The segments add up to the people in the base, and the shares to one.
with

members as (

    select
        period_end,
        count(*) as customers
    from {{ ref('segment_membership') }}
    where segment is not null
    group by period_end

),

distribution as (

    select
        period_end,
        count(*) as segments,
        sum(customers) as customers,
        sum(share) as shares
    from {{ ref('lifecycle_distribution') }}
    group by period_end

)

select
    distribution.period_end,
    distribution.segments,
    distribution.customers,
    distribution.shares
from distribution
left join members on distribution.period_end = members.period_end
where
    distribution.segments <> 14
    or distribution.customers <> coalesce(members.customers, 0)
    or abs(distribution.shares - 1) > 1e-9
