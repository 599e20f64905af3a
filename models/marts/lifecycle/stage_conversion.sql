{# Where the people of a stage are some periods later. Only full periods are compared: six periods are as
   long as any other six. #}
{% set horizons = [1, 3, 6] %}

with

courses as (

    select * from {{ ref('int_segments__courses') }}

),

steps as (

    select * from {{ ref('int_segments__course_steps') }}
    where entered_stage is not null

),

periods as (

    select * from {{ ref('int_periods') }}
    where is_full

),

segments as (

    select * from {{ ref('segments') }}

),

stages as (

    select distinct
        stage,
        stage_order
    from segments

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
        periods.period_number,
        periods.period_end,
        horizons.horizon,
        later_periods.period_end as horizon_end
    from periods
    cross join horizons
    inner join periods as later_periods
        on later_periods.period_number = periods.period_number + horizons.horizon

),

last_period as (

    select max(period_number) as period_number
    from periods

),

stays as (

    select
        steps.course_hash,
        courses.customers,
        steps.entered_stage as stage,
        steps.from_period_number,
        coalesce(steps.stage_until_period_number, last_period.period_number) as until_period_number
    from steps
    inner join courses on steps.course_hash = courses.course_hash
    inner join last_period on steps.from_period_number <= last_period.period_number

),

{# Whatever the course: of stays in two stages there are many of the same periods. #}
pairs as (

    select
        stays.stage,
        later_stays.stage as later_stage,
        stays.from_period_number,
        stays.until_period_number,
        later_stays.from_period_number as later_from_period_number,
        later_stays.until_period_number as later_until_period_number,
        sum(stays.customers) as customers
    from stays
    inner join stays as later_stays
        on
            stays.course_hash = later_stays.course_hash
            and stays.from_period_number < later_stays.until_period_number
            and stays.until_period_number >= later_stays.from_period_number - {{ horizons | max }}
    group by
        stays.stage,
        later_stays.stage,
        stays.from_period_number,
        stays.until_period_number,
        later_stays.from_period_number,
        later_stays.until_period_number

),

counted_stays as (

    select
        stage,
        from_period_number,
        until_period_number,
        sum(customers) as customers
    from stays
    group by stage, from_period_number, until_period_number

),

{# From which period to which people were in one stage, and as many periods later in another; and wherever
   they were later. #}
paths as (

    select
        pairs.customers,
        pairs.stage,
        pairs.later_stage,
        horizons.horizon,
        greatest(
            pairs.from_period_number, pairs.later_from_period_number - horizons.horizon
        ) as from_period_number,
        least(
            pairs.until_period_number, pairs.later_until_period_number - horizons.horizon
        ) as until_period_number
    from pairs
    cross join horizons

    union all

    select
        counted_stays.customers,
        counted_stays.stage,
        'all' as later_stage,
        horizons.horizon,
        counted_stays.from_period_number,
        counted_stays.until_period_number
    from counted_stays
    cross join horizons

),

counted_paths as (

    select
        stage,
        later_stage,
        horizon,
        from_period_number,
        until_period_number,
        sum(customers) as customers
    from paths
    where from_period_number <= until_period_number
    group by stage, later_stage, horizon, from_period_number, until_period_number

),

{# So many more or fewer are on a path than in the period before: history is not spread for it. #}
changes as (

    {% for period, sign in [('from_period_number', ''), ('until_period_number + 1', '-')] %}
    select
        stage,
        later_stage,
        horizon,
        {{ period }} as period_number,
        {{ sign }}customers as change
    from counted_paths
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

changes_per_period as (

    select
        stage,
        later_stage,
        horizon,
        period_number,
        sum(change) as change
    from changes
    group by stage, later_stage, horizon, period_number

),

ways as (

    select distinct
        stage,
        later_stage
    from counted_paths

),

counted as (

    select
        spans.period_end,
        spans.horizon,
        ways.stage,
        ways.later_stage,
        sum(coalesce(changes_per_period.change, 0)) over (
            partition by spans.horizon, ways.stage, ways.later_stage
            order by spans.period_number
            rows between unbounded preceding and current row
        ) as customers
    from spans
    cross join ways
    left join changes_per_period
        on
            spans.horizon = changes_per_period.horizon
            and spans.period_number = changes_per_period.period_number
            and ways.stage = changes_per_period.stage
            and ways.later_stage = changes_per_period.later_stage

),

{# Who is in no stage then is outside: all but those who are in one. #}
moves as (

    select
        period_end,
        horizon,
        stage,
        later_stage,
        customers
    from counted
    where later_stage <> 'all'

    union all

    select
        period_end,
        horizon,
        stage,
        'outside' as later_stage,
        sum(case when later_stage = 'all' then customers else -customers end) as customers
    from counted
    group by period_end, horizon, stage

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
