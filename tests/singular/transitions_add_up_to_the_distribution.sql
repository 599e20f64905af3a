-- Nobody is lost between two periods: who stays in a segment or leaves it was there in the period before, who
-- stays or arrives is there in this one. Each side is booked against the distribution and must come to zero.
with

periods as (

    select
        period_end,
        period_number,
        max(period_number) over () as last_period_number
    from {{ ref('int_periods') }}

),

transitions as (

    select
        periods.period_number,
        transitions.from_segment,
        transitions.to_segment,
        transitions.customers
    from {{ ref('segment_transitions') }} as transitions
    inner join periods on transitions.period_end = periods.period_end

),

sizes as (

    select
        periods.period_number,
        periods.last_period_number,
        distribution.segment,
        distribution.customers
    from {{ ref('lifecycle_distribution') }} as distribution
    inner join periods on distribution.period_end = periods.period_end

),

booked as (

    select
        'to' as direction,
        period_number,
        to_segment as segment,
        customers
    from transitions

    union all

    select
        'to' as direction,
        period_number,
        segment,
        -customers as customers
    from sizes

    union all

    select
        'from' as direction,
        period_number - 1 as period_number,
        from_segment as segment,
        customers
    from transitions

    union all

    select
        'from' as direction,
        period_number,
        segment,
        -customers as customers
    from sizes
    where period_number < last_period_number

)

select
    direction,
    period_number,
    segment,
    sum(customers) as difference
from booked
where segment <> 'outside'
group by direction, period_number, segment
having sum(customers) <> 0
