{# How many people are in each segment, out of who went in and who went out: what a period costs does not
   depend on how many people stay where they are. #}
with

moves as (

    select
        segment,
        previous_segment,
        customers,
        from_period_number
    from {{ ref('int_segments__moves') }}

),

periods as (

    select * from {{ ref('int_periods') }}

),

segments as (

    select * from {{ ref('segments') }}

),

changes as (

    select
        segment,
        from_period_number as period_number,
        customers as change
    from moves

    union all

    select
        previous_segment as segment,
        from_period_number as period_number,
        -customers as change
    from moves

),

summed as (

    select
        segment,
        period_number,
        sum(change) as change
    from changes
    group by segment, period_number

)

select
    segments.segment,
    cast(sum(coalesce(summed.change, 0)) over (
        partition by segments.segment
        order by periods.period_number
        rows between unbounded preceding and current row
    ) as bigint) as customers,
    periods.period_number,
    periods.period_end
from periods
cross join segments
left join summed
    on
        periods.period_number = summed.period_number
        and segments.segment = summed.segment
