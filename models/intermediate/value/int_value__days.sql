{# At the end of which period each day is seen first. Days after the as-of date are not seen yet. #}
with

versions as (

    select * from {{ ref('int_purchases__versions') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

periods as (

    select * from {{ ref('int_periods') }}

),

span as (

    select
        as_of.as_of_date,
        coalesce(min(versions.purchased_on), as_of.as_of_date) as first_on
    from as_of
    left join versions on true
    group by as_of.as_of_date

),

days as (

    {{ period_starts('day', 'first_on', 'as_of_date') }}
    from span

)

select
    periods.period_number,
    days.period_start as happened_on
from days
inner join periods on days.period_start between periods.starts_on and periods.period_end
