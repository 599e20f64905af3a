{# What cuts are measured on. A yardstick that is held asks for the as-of date alone; a rolling one for every
   period, to see what had happened by its end. #}
with

periods as (

    select * from {{ ref('int_periods') }}

),

{% if var('rfm_yardstick') == 'held' -%}
days as (

    select
        calendar.calendar_day,
        periods.period_number,
        periods.period_end
    from {{ ref('int_calendar') }} as calendar
    cross join periods
    where periods.is_current

),
{%- else -%}
days as (

    select * from {{ ref('int_calendar') }}

),
{%- endif %}

steps as (

    {{ rfm_steps(ref('int_profiles'), 'days') }}

)

select
    steps.profile_id,
    {{ days_between('steps.last_purchased_on', 'periods.period_end') }} as recency_days,
    steps.order_count,
    steps.net_revenue,
    steps.lifetime_order_count,
    steps.last_purchased_on
    > {{ days_before('periods.period_end', var('buyer_window_days')) }} as is_in_base,
    periods.period_number,
    periods.period_end,
    steps.first_purchased_on,
    steps.last_purchased_on
from steps
inner join periods
    on
        steps.period_number <= periods.period_number
        and coalesce(steps.next_period_number > periods.period_number, true)
where steps.lifetime_order_count > 0
