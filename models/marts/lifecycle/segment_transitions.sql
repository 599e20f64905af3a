{# Who went where from the period before to this one. `outside` stands for being out of the base, so that
   what goes in comes out: the rows of a from_segment add up to its people in the period before, those of
   a to_segment to its people in this one. In the first period everybody comes from outside.

   Who was there before and did not move has stayed. #}
with

counts as (

    select * from {{ ref('int_segments__counts') }}

),

periods as (

    select * from {{ ref('int_periods') }}

),

stages as (

    select
        segment,
        stage
    from {{ ref('segments') }}

    union all

    select
        'outside' as segment,
        'outside' as stage

),

moves as (

    select
        from_period_number as period_number,
        coalesce(previous_segment, 'outside') as from_segment,
        coalesce(segment, 'outside') as to_segment,
        customers
    from {{ ref('int_segments__moves') }}

),

gone as (

    select
        period_number,
        from_segment,
        sum(customers) as customers
    from moves
    group by period_number, from_segment

),

stays as (

    select
        counts.period_number + 1 as period_number,
        counts.segment as from_segment,
        counts.segment as to_segment,
        counts.customers - coalesce(gone.customers, 0) as customers
    from counts
    left join gone
        on
            counts.period_number + 1 = gone.period_number
            and counts.segment = gone.from_segment

),

counted as (

    select
        period_number,
        from_segment,
        to_segment,
        customers
    from moves

    union all

    select
        period_number,
        from_segment,
        to_segment,
        customers
    from stays
    where customers > 0

),

compared as (

    select
        *,
        sum(customers) over (partition by period_number, from_segment) as from_customers
    from counted

)

select

    ---------- strings
    compared.from_segment,
    compared.to_segment,
    from_stages.stage as from_stage,
    to_stages.stage as to_stage,

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
    periods.period_end

from compared
inner join periods on compared.period_number = periods.period_number
inner join stages as from_stages on compared.from_segment = from_stages.segment
inner join stages as to_stages on compared.to_segment = to_stages.segment
