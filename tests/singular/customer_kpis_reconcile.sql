-- Each purchase is in exactly one period, each buyer new exactly once, and the stock of buyers at the end is
-- the one at the start and who came, less who went. A period longer than the window has people who do both.
with

periods as (

    select
        *,
        lag(period_end) over (order by period_end) as previous_period_end,
        lag(closing_buyers) over (order by period_end) as previous_closing_buyers
    from {{ ref('customer_kpis') }}

),

made as (

    select
        count(distinct purchases.profile_id) as buyers,
        count(*) as orders,
        coalesce(sum(purchases.net_revenue), 0) as net_revenue
    from {{ ref('int_purchases') }} as purchases
    inner join {{ ref('int_profiles') }} as profiles on purchases.profile_id = profiles.profile_id
    where
        not profiles.is_test
        and purchases.purchased_on <= (select max(periods.period_end) from periods)

),

counted as (

    select
        sum(new_buyers) as buyers,
        sum(orders) as orders,
        sum(net_revenue) as net_revenue
    from {{ ref('customer_kpis') }}

)

select
    'a period does not add up' as problem,
    period_end
from periods
where
    new_buyers + returning_buyers <> active_buyers
    or reactivated_buyers > returning_buyers
    or opening_buyers <> coalesce(previous_closing_buyers, 0)
    or (
        {{ days_between('previous_period_end', 'period_end') }} <= {{ var('value_window_days') }}
        and opening_buyers + new_buyers + reactivated_buyers - churned_buyers <> closing_buyers
    )

union all

select
    'all periods are not all purchases' as problem,
    null as period_end
from made
cross join counted
where
    made.buyers <> counted.buyers
    or made.orders <> counted.orders
    or made.net_revenue <> counted.net_revenue
