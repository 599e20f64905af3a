{# The buyers of a period, and how the stock of them came from what it was at the period's start to what it
   is at its end. Somebody is a buyer of the window as long as his last purchase lies within it. #}
{% set window_days = var('value_window_days') %}

with

purchases as (

    select
        purchases.profile_id,
        purchases.purchased_on,
        purchases.net_revenue
    from {{ ref('int_purchases') }} as purchases
    inner join {{ ref('int_profiles') }} as profiles on purchases.profile_id = profiles.profile_id
    where not profiles.is_test

),

periods as (

    select
        period_end,
        is_full,
        is_current,
        {# Long before anybody bought, for the first. #}
        coalesce(
            lag(period_end) over (order by period_end),
            cast('1900-01-01' as date)
        ) as previous_period_end
    from {{ ref('int_periods') }}

),

dated as (

    select
        periods.period_end,
        periods.previous_period_end,
        purchases.profile_id,
        purchases.purchased_on,
        purchases.net_revenue,
        purchases.purchased_on > periods.previous_period_end as is_in_period,
        purchases.purchased_on > {{ days_before('periods.period_end', window_days) }} as is_in_window
    from periods
    inner join purchases on periods.period_end >= purchases.purchased_on

),

{# One row per period and buyer with a purchase by then. #}
buyers as (

    select
        period_end,
        previous_period_end,
        profile_id,
        max(purchased_on) as last_purchased_on,
        max(case when not is_in_period then purchased_on end) as last_purchased_before,
        sum(case when is_in_period then 1 else 0 end) as orders,
        sum(case when is_in_period then net_revenue else 0 end) as net_revenue,
        sum(case when is_in_window then 1 else 0 end) as orders_in_window
    from dated
    group by period_end, previous_period_end, profile_id

),

judged as (

    select
        *,
        orders > 0 as is_active,
        last_purchased_before is null as is_new,
        orders_in_window > 0 as is_in_window,
        last_purchased_on > {{ days_before('period_end', var('buyer_window_days')) }} as is_in_base,
        coalesce(
            last_purchased_before > {{ days_before('previous_period_end', window_days) }}, false
        ) as was_in_window
    from buyers

),

summed as (

    select
        period_end,
        sum(case when is_in_base then 1 else 0 end) as buyers,
        sum(case when was_in_window then 1 else 0 end) as opening_buyers,
        sum(case when is_new then 1 else 0 end) as new_buyers,
        sum(case when is_active and not is_new and not was_in_window then 1 else 0 end) as reactivated_buyers,
        sum(case when was_in_window and not is_in_window then 1 else 0 end) as churned_buyers,
        sum(case when is_in_window then 1 else 0 end) as closing_buyers,
        sum(case when orders_in_window > 1 then 1 else 0 end) as repeat_buyers,
        sum(case when is_active then 1 else 0 end) as active_buyers,
        sum(case when is_active and not is_new then 1 else 0 end) as returning_buyers,
        sum(orders) as orders,
        sum(net_revenue) as net_revenue
    from judged
    group by period_end

),

{# In the first window of the data nobody can have been silent for as long as that, and no churn would look
   like perfect retention. #}
first_purchase as (

    select min(purchased_on) as first_purchased_on
    from purchases

),

{# A period in which nobody has bought yet has its row, too. #}
filled as (

    select
        periods.period_end,
        periods.is_full,
        periods.is_current,
        {{ days_between('first_purchase.first_purchased_on', 'periods.previous_period_end') }}
        >= {{ window_days }} as is_churn_possible,
        cast(coalesce(summed.buyers, 0) as bigint) as buyers,
        cast(coalesce(summed.opening_buyers, 0) as bigint) as opening_buyers,
        cast(coalesce(summed.new_buyers, 0) as bigint) as new_buyers,
        cast(coalesce(summed.reactivated_buyers, 0) as bigint) as reactivated_buyers,
        cast(coalesce(summed.churned_buyers, 0) as bigint) as churned_buyers,
        cast(coalesce(summed.closing_buyers, 0) as bigint) as closing_buyers,
        cast(coalesce(summed.repeat_buyers, 0) as bigint) as repeat_buyers,
        cast(coalesce(summed.active_buyers, 0) as bigint) as active_buyers,
        cast(coalesce(summed.returning_buyers, 0) as bigint) as returning_buyers,
        cast(coalesce(summed.orders, 0) as bigint) as orders,
        cast(coalesce(summed.net_revenue, 0) as decimal(18, 2)) as net_revenue
    from periods
    cross join first_purchase
    left join summed on periods.period_end = summed.period_end

),

rated as (

    select
        *,
        case
            when is_churn_possible
                then cast(churned_buyers as double) / nullif(cast(opening_buyers as double), 0)
        end as churn_rate
    from filled

)

select

    ---------- numerics
    buyers,
    opening_buyers,
    new_buyers,
    reactivated_buyers,
    churned_buyers,
    closing_buyers,
    active_buyers,
    returning_buyers,
    churn_rate,
    1 - churn_rate as retention_rate,
    cast(repeat_buyers as double) / nullif(cast(closing_buyers as double), 0) as repeat_rate,
    orders,
    net_revenue,
    cast(net_revenue as double) / nullif(cast(orders as double), 0) as average_order_value,

    ---------- booleans
    is_full,
    is_current,

    ---------- dates
    period_end

from rated
