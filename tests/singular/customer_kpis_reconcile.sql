-- The stock of buyers at the end is the one at the start and who came, less who went. A period longer than
-- the window has people who do both. Orders and revenue are those that were purchases at the period's end,
-- summed up anew, buyer by buyer and without steps.
with

periods as (

    select
        *,
        lag(period_end) over (order by period_end) as previous_period_end,
        lag(closing_buyers) over (order by period_end) as previous_closing_buyers
    from {{ ref('customer_kpis') }}

),

known as (

    select
        periods.period_end,
        purchases.profile_id,
        max(purchases.purchased_on) as last_purchased_on,
        sum(
            case when purchases.purchased_on <= periods.previous_period_end then 0 else 1 end
        ) as orders,
        sum(
            case
                when purchases.purchased_on <= periods.previous_period_end then 0
                else purchases.net_revenue
            end
        ) as net_revenue
    from periods
    inner join {{ ref('int_purchases__versions') }} as purchases
        on
            periods.period_end >= purchases.seen_on
            and coalesce(periods.period_end < purchases.next_seen_on, true)
    inner join {{ ref('int_profiles') }} as profiles
        on
            purchases.profile_id = profiles.profile_id
            and not profiles.is_test
    group by periods.period_end, purchases.profile_id

),

made as (

    select
        period_end,
        sum(orders) as orders,
        sum(net_revenue) as net_revenue,
        sum(case when orders > 0 then 1 else 0 end) as active_buyers,
        sum(
            case
                when last_purchased_on > {{ days_before('period_end', var('value_window_days')) }} then 1
                else 0
            end
        ) as closing_buyers,
        sum(
            case
                when last_purchased_on > {{ days_before('period_end', var('buyer_window_days')) }} then 1
                else 0
            end
        ) as buyers
    from known
    group by period_end

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
        and opening_buyers + new_buyers + reactivated_buyers
        <> churned_buyers + undone_buyers + closing_buyers
    )

union all

select
    'a period is not its purchases' as problem,
    periods.period_end
from periods
left join made on periods.period_end = made.period_end
where
    periods.orders <> coalesce(made.orders, 0)
    or periods.net_revenue <> coalesce(made.net_revenue, 0)
    or periods.active_buyers <> coalesce(made.active_buyers, 0)
    or periods.closing_buyers <> coalesce(made.closing_buyers, 0)
    or periods.buyers <> coalesce(made.buyers, 0)
