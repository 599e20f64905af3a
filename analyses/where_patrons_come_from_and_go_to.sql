-- Out of which segments did the patrons of the last twelve full periods come, and where did those go who
-- stopped being patrons?
with

periods as (

    select
        period_end,
        row_number() over (order by period_end desc) as periods_back
    from {{ ref('segment_transitions') }}
    where is_full
    group by period_end

),

moves as (

    select
        transitions.from_segment,
        transitions.to_segment,
        transitions.customers
    from {{ ref('segment_transitions') }} as transitions
    inner join periods
        on
            transitions.period_end = periods.period_end
            and periods.periods_back <= 12
    where transitions.from_segment <> transitions.to_segment

),

both_ways as (

    select
        'came from' as direction,
        from_segment as segment,
        customers
    from moves
    where to_segment = 'patrons'

    union all

    select
        'went to' as direction,
        to_segment as segment,
        customers
    from moves
    where from_segment = 'patrons'

),

summed as (

    select
        direction,
        segment,
        sum(customers) as customers
    from both_ways
    group by direction, segment

)

select
    direction,
    segment,
    customers,
    cast(customers as double) / cast(sum(customers) over (partition by direction) as double) as share
from summed
order by direction asc, customers desc, segment asc
