{# Who went where from the period before to this one. `outside` stands for being out of the base, so that
   what goes in comes out: the rows of a from_segment add up to its people in the period before, those of
   a to_segment to its people in this one. In the first period everybody comes from outside. #}
with

membership as (

    select * from {{ ref('segment_membership') }}

),

periods as (

    select * from {{ ref('int_periods') }}

),

{# Nobody moves who was out of the base and still is. #}
moves as (

    select
        period_end,
        coalesce(previous_segment, 'outside') as from_segment,
        coalesce(segment, 'outside') as to_segment,
        coalesce(previous_stage, 'outside') as from_stage,
        coalesce(stage, 'outside') as to_stage
    from membership
    where
        segment is not null
        or previous_segment is not null

),

counted as (

    select
        period_end,
        from_segment,
        to_segment,
        from_stage,
        to_stage,
        count(*) as customers
    from moves
    group by period_end, from_segment, to_segment, from_stage, to_stage

),

compared as (

    select
        *,
        sum(customers) over (partition by period_end, from_segment) as from_customers
    from counted

)

select

    ---------- strings
    compared.from_segment,
    compared.to_segment,
    compared.from_stage,
    compared.to_stage,

    ---------- numerics
    cast(compared.customers as bigint) as customers,
    case
        when compared.from_segment <> 'outside'
            then cast(compared.customers as double) / cast(compared.from_customers as double)
    end as share_of_from,

    ---------- booleans
    periods.is_full,
    periods.is_current,

    ---------- dates
    compared.period_end

from compared
inner join periods on compared.period_end = periods.period_end
