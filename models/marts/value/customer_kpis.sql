{# The buyers of a period, and how the stock of them came from what it was at the period's start to what it
   is at its end, all as it was known at that end. Somebody is a buyer of the window as long as his last purchase
   lies within it. #}
{% set stocks = [
    'base_buyers', 'window_buyers', 'repeat_buyers', 'judged_buyers', 'loyal_buyers'
] %}
{% set flows = [
    'new_buyers', 'reactivated_buyers', 'churned_buyers', 'undone_buyers', 'active_buyers', 'returning_buyers'
] %}
{% set sales = [
    'orders', 'net_revenue', 'traced_orders', 'unprompted_orders', 'priced_orders', 'full_price_orders'
] %}

with

periods as (

    select
        *,
        lag(period_end) over (order by period_end) as previous_period_end
    from {{ ref('int_periods') }}

),

steps as (

    select * from {{ ref('int_value__buyer_steps') }}

),

acquisitions as (

    select * from {{ ref('int_value__acquisitions') }}

),

clv as (

    select * from {{ ref('clv_by_group') }}
    where group_type = 'all'

),

ad_spend as (

    select * from {{ ref('int_value__ad_spend') }}

),

judged as (

    select
        steps.*,
        steps.bought_orders > 0 as is_active,
        coalesce(steps.acquired_on >= periods.starts_on, false) as is_new,
        steps.previous_orders > 0 as was_in_window,
        steps.value_orders > 0 as is_in_window,
        {# All that kept the buyer in the window grew too old; else some of it was sent back or cancelled. #}
        steps.previous_orders > 0
        and steps.value_orders = 0
        and steps.aged_orders = steps.previous_orders as is_churned,
        steps.value_orders > 1
        and steps.traced_orders > 0
        and steps.priced_orders > 0 as is_judged,
        2 * steps.unprompted_orders >= steps.traced_orders
        and 2 * steps.full_price_orders >= steps.priced_orders as is_loyal
    from steps
    inner join periods on steps.period_number = periods.period_number

),

counted as (

    select
        period_number,
        next_period_number,
        case when base_orders > 0 then 1 else 0 end as base_buyers,
        case when is_in_window then 1 else 0 end as window_buyers,
        case when value_orders > 1 then 1 else 0 end as repeat_buyers,
        case when is_judged then 1 else 0 end as judged_buyers,
        case when is_judged and is_loyal then 1 else 0 end as loyal_buyers,
        case when is_new then 1 else 0 end as new_buyers,
        case when is_active and not is_new and not was_in_window then 1 else 0 end as reactivated_buyers,
        case when is_churned then 1 else 0 end as churned_buyers,
        case
            when was_in_window and not is_churned and (is_new or not is_in_window) then 1 else 0
        end as undone_buyers,
        case when is_active then 1 else 0 end as active_buyers,
        {% for name in sales %}
        bought_{{ name }} as {{ name }},
        {% endfor %}
        case when is_active and not is_new then 1 else 0 end as returning_buyers
    from judged

),

{# Few rows first: one per stretch of periods. #}
counted_together as (

    select
        {% for name in stocks + flows + sales %}
        sum({{ name }}) as {{ name }},
        {% endfor %}
        period_number,
        next_period_number
    from counted
    group by period_number, next_period_number

),

{# What a buyer is at a step he is until the next one; what he did, he did in that period. #}
changes as (

    select
        {% for name in stocks + flows + sales %}
        {{ name }},
        {% endfor %}
        period_number
    from counted_together

    union all

    select
        {% for name in stocks %}
        -{{ name }} as {{ name }},
        {% endfor %}
        {% for name in flows + sales %}
        0 as {{ name }},
        {% endfor %}
        next_period_number as period_number
    from counted_together
    where next_period_number is not null

),

changes_per_period as (

    select
        {% for name in stocks + flows + sales %}
        sum({{ name }}) as {{ name }},
        {% endfor %}
        period_number
    from changes
    group by period_number

),

ad_spend_per_period as (

    select
        periods.period_number,
        sum(ad_spend.ad_spend) as ad_spend
    from periods
    inner join ad_spend on ad_spend.spent_on between periods.starts_on and periods.period_end
    group by periods.period_number

),

{# In the first window of the data nobody can have been silent for as long as that, and no churn would look
   like perfect retention. #}
first_purchase as (

    select min(acquired_on) as first_purchased_on
    from acquisitions

),

first_spend as (

    select min(spent_on) as first_spent_on
    from ad_spend

),

{# A period in which nobody has bought yet has its row, too. #}
filled as (

    select
        periods.period_end,
        periods.is_full,
        periods.is_current,
        {{ days_between('first_purchase.first_purchased_on', 'periods.previous_period_end') }}
        >= {{ var('value_window_days') }} as is_churn_possible,
        {% for name in stocks %}
        sum(coalesce(changes_per_period.{{ name }}, 0)) over (
            order by periods.period_number
            rows between unbounded preceding and current row
        ) as {{ name }},
        {% endfor %}
        {% for name in flows + sales %}
        coalesce(changes_per_period.{{ name }}, 0) as {{ name }},
        {% endfor %}
        {# Before the first entry nobody wrote down what was spent. #}
        case
            when periods.period_end >= first_spend.first_spent_on
                then coalesce(ad_spend_per_period.ad_spend, 0)
        end as ad_spend,
        clv.clv,
        clv.reason as clv_reason
    from periods
    cross join first_purchase
    cross join first_spend
    left join changes_per_period on periods.period_number = changes_per_period.period_number
    left join ad_spend_per_period on periods.period_number = ad_spend_per_period.period_number
    left join clv on periods.period_end = clv.period_end

),

rated as (

    select
        *,
        coalesce(lag(window_buyers) over (order by period_end), 0) as opening_buyers
    from filled

),

churned as (

    select
        *,
        case
            when is_churn_possible
                then cast(churned_buyers as double) / nullif(cast(opening_buyers as double), 0)
        end as churn_rate
    from rated

)

select

    ---------- strings
    case when clv is null then coalesce(clv_reason, 'nobody bought in the window') end as clv_reason,

    ---------- numerics
    cast(base_buyers as bigint) as buyers,
    cast(opening_buyers as bigint) as opening_buyers,
    cast(new_buyers as bigint) as new_buyers,
    cast(reactivated_buyers as bigint) as reactivated_buyers,
    cast(churned_buyers as bigint) as churned_buyers,
    cast(undone_buyers as bigint) as undone_buyers,
    cast(window_buyers as bigint) as closing_buyers,
    cast(active_buyers as bigint) as active_buyers,
    cast(returning_buyers as bigint) as returning_buyers,
    cast(repeat_buyers as bigint) as repeat_buyers,
    cast(judged_buyers as bigint) as judged_buyers,
    cast(case when judged_buyers > 0 then loyal_buyers end as bigint) as loyal_buyers,
    churn_rate,
    1 - churn_rate as retention_rate,
    cast(repeat_buyers as double) / nullif(cast(window_buyers as double), 0) as repeat_rate,
    cast(loyal_buyers as double) / nullif(cast(judged_buyers as double), 0) as loyal_share,
    cast(orders as bigint) as orders,
    cast(traced_orders as bigint) as traced_orders,
    cast(priced_orders as bigint) as priced_orders,
    cast(net_revenue as decimal(18, 2)) as net_revenue,
    cast(net_revenue as double) / nullif(cast(orders as double), 0) as average_order_value,
    cast(orders as double) / nullif(cast(active_buyers as double), 0) as purchase_frequency,
    cast(unprompted_orders as double) / nullif(cast(traced_orders as double), 0) as unprompted_share,
    cast(full_price_orders as double) / nullif(cast(priced_orders as double), 0) as full_price_share,
    clv,
    cast(clv * new_buyers as decimal(18, 2)) as customer_equity,
    cast(ad_spend as decimal(18, 2)) as ad_spend,
    {{ decimal_of(
        'cast(nullif(ad_spend, 0) as double) / nullif(cast(new_buyers as double), 0)', 18, 2
    ) }} as cac,

    ---------- booleans
    is_full,
    is_current,

    ---------- dates
    period_end

from churned
