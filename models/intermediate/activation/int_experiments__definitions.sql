{# What is compared, and over how many days: as `seeds/experiments.csv` says, and by rule for the experiments
   and arms that it does not list. #}
{% set since = var('global_control_since') %}
{% set control_is_final = (
    days_between("cast('" ~ since ~ "' as date)", 'as_of_date') ~ ' + 1 >= ' ~ var('value_window_days')
) if since else 'false' %}
{% set is_over = days_between('ends_on', 'as_of_date') ~ ' >= goal_days' %}
with

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

totalled as (

    select
        *,
        sum(share) over (partition by experiment_id) as total_share
    from {{ ref('experiments') }}

),

listed as (

    select
        *,
        case when assigned_by = 'hash' then {{ plan_number() }} end as plan_number
    from totalled

),

listed_experiments as (

    select
        experiment_id,
        min(goal_metric) as goal_metric,
        min(goal_days) as goal_days,
        min(plan_number) as plan_number,
        min(starts_on) as starts_on,
        max(ends_on) as ends_on
    from listed
    group by experiment_id

),

seen_by_arm as (

    select
        experiment_id,
        campaign_id,
        arm,
        min(assigned_on) as first_on,
        max(assigned_on) as last_on
    from {{ ref('int_experiments__sample') }}
    group by experiment_id, campaign_id, arm

),

seen as (

    select
        experiment_id,
        campaign_id,
        campaign_id is not null or experiment_id = 'global_control' as is_against_control,
        min(first_on) as first_on,
        max(last_on) as last_on
    from seen_by_arm
    group by experiment_id, campaign_id

),

seen_arms as (

    select distinct
        experiment_id,
        arm
    from seen_by_arm

),

{# Without anything said, arms are meant to be of one size, and the one called control is that. #}
guessed as (

    select
        experiment_id,
        arm,
        1.0 / count(*) over (partition by experiment_id) as share,
        row_number() over (
            partition by experiment_id
            order by case when lower(arm) = 'control' then 0 else 1 end, arm
        ) = 1 as is_control
    from seen_arms

),

arms as (

    select
        experiment_id,
        arm,
        share,
        is_control
    from listed
    union all
    select
        seen_arms.experiment_id,
        seen_arms.arm,
        {# An arm that the list does not have was not planned. #}
        0 as share,
        false as is_control
    from seen_arms
    inner join listed_experiments on seen_arms.experiment_id = listed_experiments.experiment_id
    left join listed
        on
            seen_arms.experiment_id = listed.experiment_id
            and seen_arms.arm = listed.arm
    where listed.arm is null
    union all
    select
        guessed.experiment_id,
        guessed.arm,
        case
            when not seen.is_against_control then guessed.share
            when guessed.arm = 'control' then {{ var('global_control_share') }}
            else 1 - {{ var('global_control_share') }}
        end as share,
        guessed.is_control
    from guessed
    inner join seen on guessed.experiment_id = seen.experiment_id
    left join listed_experiments on guessed.experiment_id = listed_experiments.experiment_id
    where listed_experiments.experiment_id is null

),

described as (

    select
        arms.experiment_id,
        seen.campaign_id,
        arms.arm,
        coalesce(listed_experiments.goal_metric, 'revenue') as goal_metric,
        cast(arms.share as double) as planned_share,
        case
            when arms.experiment_id = 'global_control'
                then {{ days_between('seen.first_on', 'as_of.as_of_date') }}
            else coalesce(listed_experiments.goal_days, {{ var('experiment_goal_days') }})
        end as goal_days,
        listed_experiments.plan_number,
        arms.is_control,
        coalesce(listed_experiments.starts_on, seen.first_on) as starts_on,
        coalesce(listed_experiments.ends_on, seen.last_on) as ends_on,
        as_of.as_of_date
    from arms
    inner join seen on arms.experiment_id = seen.experiment_id
    cross join as_of
    left join listed_experiments on arms.experiment_id = listed_experiments.experiment_id

),

judged as (

    select
        *,
        case
            when experiment_id = 'global_control' then {{ control_is_final }}
            when campaign_id is not null then {{ is_over ~ ' or ' ~ control_is_final if since else 'false' }}
            else {{ is_over }}
        end as is_final
    from described

)

select
    experiment_id,
    campaign_id,
    arm,
    goal_metric,
    planned_share,
    cast(goal_days as bigint) as goal_days,
    plan_number,
    is_control,
    is_final,
    starts_on,
    ends_on
from judged
