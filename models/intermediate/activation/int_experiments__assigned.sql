{{ carried_on_in_activation(key='profile_number') }}

{# Whoever is in an experiment, once. The first assignment counts; a later one to another arm, or a merge of
   people from two arms, mixes them. #}
with

recorded as (

    select * from {{ ref('int_experiments__recorded') }}

),

former_ids as (

    select * from {{ ref('int_activation__former_ids') }}

),

spans as (

    select * from {{ of_touched('int_segments__spans') }}

),

segments as (

    select * from {{ ref('segments') }}

),

control as (

    select * from {{ made_in_activation(ref('int_activation__global_control')) }}

),

staff as (

    select profile_id
    from {{ of_touched('int_profiles') }}
    where is_test

),

calendar as (

    select * from {{ ref('int_calendar') }}

),

tool_assignments as (

    select
        experiment_id,
        profile_id,
        arm,
        assigned_on,
        assigned_at
    from {{ ref('int_experiments__tool_assignments') }}
    where {{ is_touched_in_activation('profile_id') }}

),

{# People of tools are in the segment of the last period that ended before: what they did on the day itself
   may be what the experiment did. #}
standings as (

    select distinct
        tool_assignments.profile_id,
        tool_assignments.assigned_on,
        segments.segment,
        segments.stage
    from tool_assignments
    inner join calendar on tool_assignments.assigned_on = calendar.calendar_day
    inner join spans
        on
            tool_assignments.profile_id = spans.profile_id
            and {{ lasts_in('spans', 'calendar.period_number - 1') }}
    inner join segments on spans.segment = segments.segment

),

unioned as (

    select
        recorded.experiment_id,
        former_ids.profile_id,
        recorded.arm,
        'hash' as source,
        recorded.segment,
        recorded.stage,
        recorded.plan_number,
        recorded.assigned_on,
        cast(null as timestamp) as assigned_at
    from recorded
    inner join former_ids on recorded.profile_id = former_ids.former_profile_id
    where {{ is_touched_in_activation('former_ids.profile_id') }}
    union all
    select
        tool_assignments.experiment_id,
        tool_assignments.profile_id,
        tool_assignments.arm,
        'tool' as source,
        standings.segment,
        standings.stage,
        cast(null as bigint) as plan_number,
        tool_assignments.assigned_on,
        tool_assignments.assigned_at
    from tool_assignments
    left join standings
        on
            tool_assignments.profile_id = standings.profile_id
            and tool_assignments.assigned_on = standings.assigned_on

),

ranked as (

    select
        *,
        min(arm) over (partition by experiment_id, profile_id) <> max(arm) over (
            partition by experiment_id, profile_id
        ) as is_mixed,
        row_number() over (
            partition by experiment_id, profile_id
            order by assigned_on, assigned_at nulls first, arm, segment nulls last, plan_number nulls last
        ) as place
    from unioned

)

select
    ranked.experiment_id,
    ranked.profile_id,
    control.profile_number,
    ranked.arm,
    ranked.source,
    ranked.segment,
    ranked.stage,
    ranked.plan_number,
    ranked.is_mixed,
    control.is_in_global_control,
    ranked.assigned_on,
    ranked.assigned_at
from ranked
inner join control on ranked.profile_id = control.profile_id
left join staff on ranked.profile_id = staff.profile_id
where
    ranked.place = 1
    and staff.profile_id is null
