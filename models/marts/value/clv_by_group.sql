{# CLV = average order value x purchase frequency x gross margin x (1 / churn), all per window, as the
   source articles have it. Churn compares the window with the one before it. #}
{% set window_days = var('value_window_days') %}
{% set in_window = 'purchases.purchased_on > ' ~ days_before('periods.period_end', window_days) %}
{% set in_two_windows = 'purchases.purchased_on > ' ~ days_before('periods.period_end', 2 * window_days) %}

with

purchases as (

    select * from {{ ref('int_purchases') }}

),

buyers as (

    select * from {{ ref('int_value__first_purchases') }}

),

periods as (

    select * from {{ ref('int_periods') }}
    where is_current

),

grouped_buyers as (

    select
        profile_id,
        'all' as group_type,
        'all' as group_name
    from buyers

    union all

    select
        profile_id,
        'acquisition_channel' as group_type,
        acquisition_channel as group_name
    from buyers

    union all

    select
        profile_id,
        'acquisition_year' as group_type,
        cast(acquisition_year as string) as group_name
    from buyers

    union all

    select
        profile_id,
        'country' as group_type,
        coalesce(country, 'unknown') as group_name
    from buyers

),

{# One row per buyer and period, with what each of the two windows holds. #}
windows as (

    select
        periods.period_end,
        purchases.profile_id,
        min(purchases.purchased_on) as first_purchased_on,
        sum(case when {{ in_window }} then 1 else 0 end) as orders,
        sum(case when {{ in_window }} then purchases.net_revenue else 0 end) as net_revenue,
        sum(case when {{ in_window }} then purchases.gross_margin else 0 end) as gross_margin,
        max(
            case when {{ in_two_windows }} and not {{ in_window }} then 1 else 0 end
        ) as is_earlier_buyer
    from purchases
    inner join periods on purchases.purchased_on <= periods.period_end
    group by periods.period_end, purchases.profile_id

),

summed as (

    select
        windows.period_end,
        grouped_buyers.group_type,
        grouped_buyers.group_name,
        min(windows.first_purchased_on) as first_purchased_on,
        sum(case when windows.orders > 0 then 1 else 0 end) as buyers,
        sum(windows.orders) as orders,
        sum(windows.net_revenue) as net_revenue,
        sum(windows.gross_margin) as gross_margin,
        sum(windows.is_earlier_buyer) as earlier_buyers,
        sum(
            case when windows.is_earlier_buyer = 1 and windows.orders = 0 then 1 else 0 end
        ) as churned_buyers
    from windows
    inner join grouped_buyers on windows.profile_id = grouped_buyers.profile_id
    group by windows.period_end, grouped_buyers.group_type, grouped_buyers.group_name

),

factors as (

    select
        *,
        cast(net_revenue as double) / nullif(cast(orders as double), 0) as average_order_value,
        cast(orders as double) / nullif(cast(buyers as double), 0) as purchase_frequency,
        cast(gross_margin as double) / nullif(cast(net_revenue as double), 0) as margin_rate,
        cast(churned_buyers as double) / nullif(cast(earlier_buyers as double), 0) as churn_rate,
        case
            when buyers = 0 then 'nobody bought in the window'
            when {{ days_between('first_purchased_on', 'period_end') }} < {{ 2 * window_days }}
                then 'first order less than two windows ago'
            when earlier_buyers < 30 then 'fewer than 30 buyers in the earlier window'
            when churned_buyers = 0 then 'no churn'
            when net_revenue <= 0 then 'no revenue in the window'
        end as reason
    from summed

)

select

    ---------- strings
    factors.group_type,
    factors.group_name,
    factors.reason,

    ---------- numerics
    cast(factors.buyers as bigint) as buyers,
    cast(factors.orders as bigint) as orders,
    cast(factors.net_revenue as decimal(18, 2)) as net_revenue,
    cast(factors.gross_margin as decimal(18, 2)) as gross_margin,
    cast(factors.earlier_buyers as bigint) as earlier_buyers,
    cast(factors.churned_buyers as bigint) as churned_buyers,
    factors.average_order_value,
    factors.purchase_frequency,
    factors.margin_rate,
    factors.churn_rate,
    cast(
        case
            when factors.reason is null
                then
                    factors.average_order_value
                    * factors.purchase_frequency
                    * factors.margin_rate
                    / factors.churn_rate
        end as decimal(18, 2)
    ) as clv,

    ---------- booleans
    periods.is_current,

    ---------- dates
    factors.period_end

from factors
inner join periods on factors.period_end = periods.period_end
