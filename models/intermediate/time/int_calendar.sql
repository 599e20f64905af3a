{# Every day up to the as-of date with the period that it lies in. A lookup by day, for a join by a range of
   days is many times dearer. #}
with

periods as (

    select * from {{ ref('int_periods') }}

),

span as (

    select
        min(period_end) as first_end,
        max(period_end) as last_end
    from periods

),

days as (

    {{ period_starts(
        'day', "date_trunc('" ~ var('history_grain') ~ "', first_end)", 'last_end'
    ) }}
    from span

)

select
    periods.period_number,
    cast(days.period_start as date) as calendar_day,
    {{ days_before('periods.starts_on', 1) }} as previous_period_end,
    periods.period_end
from days
inner join periods on days.period_start between periods.starts_on and periods.period_end
