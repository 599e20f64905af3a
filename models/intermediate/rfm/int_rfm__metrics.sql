{# Orders and revenue are counted over the window that ends on the buyer's last purchase, so that somebody
   who stopped keeps the frequency and the value he had.

   A period sees what had happened by its end. A buyer is measured at the ends of those periods in which one of his
   orders changed, and stays as he was until the next of them. #}
with

versions as (

    select * from {{ ref('int_purchases__versions') }}

),

profiles as (

    select * from {{ ref('int_profiles') }}

),

periods as (

    select * from {{ ref('int_periods') }}

),

purchases as (

    select versions.*
    from versions
    inner join profiles on versions.profile_id = profiles.profile_id
    where not profiles.is_test

),

changes as (

    select
        profile_id,
        seen_on as changed_on
    from purchases
    union
    select
        profile_id,
        next_seen_on as changed_on
    from purchases
    where next_seen_on is not null

),

steps as (

    select distinct
        changes.profile_id,
        periods.period_number,
        periods.period_end
    from changes
    inner join periods on changes.changed_on between periods.starts_on and periods.period_end

),

lasting_steps as (

    select
        *,
        lead(period_number) over (
            partition by profile_id
            order by period_number
        ) as next_period_number
    from steps

),

seen as (

    select
        lasting_steps.profile_id,
        lasting_steps.period_number,
        lasting_steps.next_period_number,
        purchases.net_revenue,
        purchases.purchased_on,
        max(purchases.purchased_on) over (
            partition by lasting_steps.profile_id, lasting_steps.period_number
        ) as last_purchased_on
    from lasting_steps
    inner join purchases
        on
            lasting_steps.profile_id = purchases.profile_id
            and lasting_steps.period_end >= purchases.seen_on
            and coalesce(lasting_steps.period_end < purchases.next_seen_on, true)

),

measured as (

    select
        profile_id,
        period_number,
        next_period_number,
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
    group by profile_id, period_number, next_period_number, last_purchased_on

)

select
    measured.profile_id,
    {{ days_between('measured.last_purchased_on', 'periods.period_end') }} as recency_days,
    cast(measured.order_count as bigint) as order_count,
    cast(measured.net_revenue as decimal(18, 2)) as net_revenue,
    cast(measured.lifetime_order_count as bigint) as lifetime_order_count,
    measured.last_purchased_on
    > {{ days_before('periods.period_end', var('buyer_window_days')) }} as is_in_base,
    periods.period_number,
    periods.is_current,
    periods.period_end,
    measured.first_purchased_on,
    measured.last_purchased_on
from measured
inner join periods
    on
        measured.period_number <= periods.period_number
        and coalesce(measured.next_period_number > periods.period_number, true)
