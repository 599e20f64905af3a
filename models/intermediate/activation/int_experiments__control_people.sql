{{ carried_on_in_experiments() }}

{# Those who are held back from all communication, and all others whom it could have reached when the compared
   days began. #}
with

control as (

    select * from {{ made_in_experiments(ref('int_activation__global_control')) }}

),

profiles as (

    select * from {{ of_touched_in_experiments('int_profiles') }}
    where
        not is_test
        and {{ is_touched_in_experiments('profile_id', "'global_control'") }}

),

periods as (

    select * from {{ ref('int_periods') }}

),

spans as (

    select * from {{ of_touched_in_experiments('int_segments__spans') }}
    where {{ is_touched_in_experiments('profile_id', "'global_control'") }}

),

segments as (

    select * from {{ ref('segments') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

opened as (

    select {{ control_opens_on() }} as opened_on
    from as_of

),

opening_period as (

    select max(periods.period_number) as period_number
    from periods
    inner join opened on periods.period_end <= opened.opened_on

),

opening_segments as (

    select
        spans.profile_id,
        spans.segment,
        segments.stage
    from spans
    inner join opening_period on {{ lasts_in('spans', 'opening_period.period_number') }}
    inner join segments on spans.segment = segments.segment

),

control_people as (

    select
        'global_control' as experiment_id,
        control.profile_id,
        control.profile_number,
        opening_segments.segment,
        opening_segments.stage,
        control.is_in_global_control,
        control.is_merged,
        opened.opened_on as assigned_on,
        {{ build_number() }} as build_number
    from control
    inner join profiles on control.profile_id = profiles.profile_id
    inner join opened on profiles.contact_known_on <= opened.opened_on
    left join opening_segments on control.profile_id = opening_segments.profile_id

)

select * from control_people
