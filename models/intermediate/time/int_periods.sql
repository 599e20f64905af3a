{{ config(post_hook="{{ forget_finished_if_other('first_period_end') }}") }}

{# The dates that people are scored at: the end of every period since the first order, and the as-of date. #}
with

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

orders as (

    select ordered_on from {{ ref('int_orders__placed') }}

),

span as (

    select
        as_of.as_of_date,
        coalesce(min(orders.ordered_on), as_of.as_of_date) as first_on
    from as_of
    left join orders on true
    group by as_of.as_of_date

),

starts as (

    {{ period_starts(var('history_grain'), 'first_on', 'as_of_date') }}
    from span

),

ends as (

    select
        cast(
            period_start + interval '1' {{ var('history_grain') }} - interval '1' day as date
        ) as period_end
    from starts

),

dated as (

    select
        least(ends.period_end, as_of.as_of_date) as period_end,
        ends.period_end <= as_of.as_of_date as is_full,
        ends.period_end >= as_of.as_of_date as is_current
    from ends
    cross join as_of

)

select
    cast(row_number() over (order by period_end) as integer) as period_number,
    is_full,
    is_current,
    {# The first period reaches back to whatever came before. #}
    coalesce(
        {{ days_before('lag(period_end) over (order by period_end)', -1) }}, date '1900-01-01'
    ) as starts_on,
    period_end
from dated
