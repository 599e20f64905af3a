with

membership as (

    select * from {{ ref('segment_membership') }}

),

segments as (

    select * from {{ ref('segments') }}

),

periods as (

    select * from {{ ref('int_periods') }}

),

counted as (

    select
        period_end,
        segment,
        count(*) as customers
    from membership
    where segment is not null
    group by period_end, segment

),

{# All segments in every period: a segment that is empty says so. #}
filled as (

    select
        periods.period_end,
        periods.is_current,
        segments.segment,
        segments.stage,
        segments.segment_order,
        cast(coalesce(counted.customers, 0) as bigint) as customers
    from periods
    cross join segments
    left join counted
        on
            periods.period_end = counted.period_end
            and segments.segment = counted.segment

)

select

    ---------- strings
    segment,
    stage,

    ---------- numerics
    cast(segment_order as integer) as segment_order,
    customers,
    cast(customers as double)
    / nullif(cast(sum(customers) over (partition by period_end) as double), 0) as share,

    ---------- booleans
    is_current,

    ---------- dates
    period_end

from filled
