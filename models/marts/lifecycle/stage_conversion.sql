{# Where the people of a stage are some periods later. Only full periods are compared: six periods are as
   long as any other six. #}
{% set horizons = [1, 3, 6] %}

with

membership as (

    select * from {{ ref('segment_membership') }}
    where segment is not null

),

periods as (

    select * from {{ ref('int_periods') }}
    where is_full

),

stages as (

    select distinct
        stage,
        stage_order
    from {{ ref('segments') }}

),

horizons as (

    {%- for horizon in horizons %}
    select {{ horizon }} as horizon
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

destinations as (

    select
        stage,
        stage_order
    from stages

    union all

    select
        'outside' as stage,
        null as stage_order

),

{# What it is called to go from one stage to another. The stages have an order but for reactivate, which
   anybody may fall into and be won back from. #}
outcomes as (

    select
        stages.stage,
        destinations.stage as later_stage,
        case
            when destinations.stage = 'outside' then 'left'
            when stages.stage = destinations.stage then 'stayed'
            when stages.stage = 'reactivate' then 'won_back'
            when destinations.stage = 'reactivate' then 'reactivate'
            when destinations.stage_order > stages.stage_order then 'later'
            else 'earlier'
        end as outcome
    from stages
    cross join destinations

),

{# Periods whose horizon has not passed yet have no row here. #}
spans as (

    select
        periods.period_end,
        horizons.horizon,
        later_periods.period_end as horizon_end
    from periods
    cross join horizons
    inner join periods as later_periods
        on later_periods.period_number = periods.period_number + horizons.horizon

),

moves as (

    select
        spans.period_end,
        spans.horizon,
        membership.stage,
        coalesce(later_membership.stage, 'outside') as later_stage,
        count(*) as customers
    from spans
    inner join membership on spans.period_end = membership.period_end
    left join membership as later_membership
        on
            spans.horizon_end = later_membership.period_end
            and membership.profile_id = later_membership.profile_id
    group by
        spans.period_end,
        spans.horizon,
        membership.stage,
        coalesce(later_membership.stage, 'outside')

),

{# All outcomes that a stage can have: one that nobody had says so. #}
filled as (

    select
        spans.period_end,
        spans.horizon,
        spans.horizon_end,
        outcomes.stage,
        outcomes.outcome,
        coalesce(sum(moves.customers), 0) as customers
    from spans
    cross join outcomes
    left join moves
        on
            spans.period_end = moves.period_end
            and spans.horizon = moves.horizon
            and outcomes.stage = moves.stage
            and outcomes.later_stage = moves.later_stage
    group by
        spans.period_end,
        spans.horizon,
        spans.horizon_end,
        outcomes.stage,
        outcomes.outcome

),

compared as (

    select
        *,
        sum(customers) over (partition by period_end, horizon, stage) as stage_customers
    from filled

)

select

    ---------- strings
    stage,
    outcome,

    ---------- numerics
    cast(horizon as integer) as horizon,
    cast(customers as bigint) as customers,
    cast(stage_customers as bigint) as stage_customers,
    cast(customers as double) / nullif(cast(stage_customers as double), 0) as share,

    ---------- dates
    period_end,
    horizon_end

from compared
