{% set reasons = ['identity', 'orders', 'accounts'] %}
{% set is_held = var('rfm_yardstick') == 'held' %}
{% if is_held %}
{{ config(materialized='table') }}
{% else %}
{{ carried_on('profile_id', by=reasons) }}
{% endif %}

{# What cuts are measured on. A yardstick that is held asks for the as-of date alone, and one step stands for
   all periods, if it is to be measured; a rolling one asks for every period, to see what had happened by its end.
   Nothing here depends on how long ago it was, so that it stays as long as nobody buys or sends back. #}
with

people as (

    select
        profile_id,
        is_test
    from {{ touched_rows(ref('int_profiles'), 'profile_id', by=reasons) }}
    where {{ 'true' if cuts_measured() else 'false' }}

),

periods as (

    select * from {{ ref('int_periods') }}

),

{% if is_held -%}
days as (

    select
        calendar.calendar_day,
        1 as period_number,
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

    {{ rfm_steps('people', 'days', versions=touched_purchases(ref('int_purchases__versions'), by=reasons)) }}

)

select
    profile_id,
    order_count,
    net_revenue,
    lifetime_order_count,
    period_number,
    next_period_number,
    first_purchased_on,
    last_purchased_on
from steps
where lifetime_order_count > 0
