-- What share of the last year's net revenue comes from people who are in each segment today?
with

today as (

    select max(period_end) as as_of_date
    from {{ ref('segment_membership') }}
    where is_current

),

purchases as (

    select
        case
            when orders.profile_id is null then 'nobody known'
            else coalesce(profiles.segment, 'out of the base')
        end as segment,
        orders.profile_id,
        orders.net_revenue
    from {{ ref('orders') }} as orders
    inner join today
        on
            orders.ordered_on > {{ days_before('today.as_of_date', 365) }}
            and orders.ordered_on <= today.as_of_date
    left join {{ ref('customer_profiles') }} as profiles
        on orders.profile_id = profiles.profile_id
    where orders.is_purchase

),

summed as (

    select
        segment,
        count(distinct profile_id) as buyers,
        count(*) as purchases,
        sum(net_revenue) as net_revenue
    from purchases
    group by segment

)

select
    segment,
    buyers,
    purchases,
    net_revenue,
    cast(net_revenue as double) / nullif(cast(sum(net_revenue) over () as double), 0) as revenue_share
from summed
order by net_revenue desc, segment asc
