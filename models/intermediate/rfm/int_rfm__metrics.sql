{# Orders and revenue are counted over the window that ends on the buyer's last purchase, so that somebody
   who stopped keeps the frequency and the value he had. #}
with

purchases as (

    select * from {{ ref('int_purchases') }}

),

profiles as (

    select * from {{ ref('int_profiles') }}

),

periods as (

    select * from {{ ref('int_periods') }}

),

seen as (

    select
        periods.period_end,
        purchases.profile_id,
        purchases.net_revenue,
        purchases.purchased_on,
        max(purchases.purchased_on) over (
            partition by periods.period_end, purchases.profile_id
        ) as last_purchased_on
    from purchases
    inner join profiles on purchases.profile_id = profiles.profile_id
    inner join periods on purchases.purchased_on <= periods.period_end
    where not profiles.is_test

),

measured as (

    select
        period_end,
        profile_id,
        last_purchased_on,
        min(purchased_on) as first_purchased_on,
        count(*) as lifetime_order_count,
        {% if var('rfm_window_days') is none -%}
        count(*) as order_count,
        sum(net_revenue) as net_revenue
        {%- else -%}
        {%- set in_window -%}
        purchased_on > {{ days_before('last_purchased_on', var('rfm_window_days')) }}
        {%- endset -%}
        count(case when {{ in_window }} then 1 end) as order_count,
        sum(case when {{ in_window }} then net_revenue else 0 end) as net_revenue
        {%- endif %}
    from seen
    group by period_end, profile_id, last_purchased_on

)

select
    profile_id,
    {{ days_between('last_purchased_on', 'period_end') }} as recency_days,
    cast(order_count as bigint) as order_count,
    cast(net_revenue as decimal(18, 2)) as net_revenue,
    cast(lifetime_order_count as bigint) as lifetime_order_count,
    last_purchased_on > {{ days_before('period_end', var('buyer_window_days')) }} as is_in_base,
    period_end,
    first_purchased_on,
    last_purchased_on
from measured
