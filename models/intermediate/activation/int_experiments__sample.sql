{# Everybody who is in a comparison: the people of all experiments, and as the built-in experiment
   `global_control` those who are held back from all communication against all others with an address, and so
   again for each campaign, of the people whom it was for. #}
with

assigned as (

    select * from {{ ref('int_experiments__assigned') }}

),

control as (

    select * from {{ ref('int_activation__global_control') }}

),

profiles as (

    select * from {{ ref('int_profiles') }}

),

periods as (

    select * from {{ ref('int_periods') }}

),

spans as (

    select * from {{ ref('int_segments__spans') }}

),

segments as (

    select * from {{ ref('segments') }}

),

campaign_people as (

    select * from {{ ref('int_experiments__campaign_people') }}

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

{# A merged person had several chances to be in control: such people are more often in it, and buy more. #}
held_against_control as (

    select
        'global_control' as experiment_id,
        cast(null as string) as campaign_id,
        control.profile_id,
        case when control.is_in_global_control then 'control' else 'others' end as arm,
        'hash' as source,
        opening_segments.segment,
        opening_segments.stage,
        cast(null as bigint) as plan_number,
        control.is_merged as is_mixed,
        false as is_held_back,
        opened.opened_on as assigned_on,
        cast(null as timestamp) as assigned_at
    from control
    inner join profiles on control.profile_id = profiles.profile_id
    inner join opened on profiles.contact_known_on <= opened.opened_on
    left join opening_segments on control.profile_id = opening_segments.profile_id
    where not profiles.is_test

),

held_against_campaigns as (

    select
        'campaign ' || campaign_id as experiment_id,
        campaign_id,
        profile_id,
        case when is_in_global_control then 'control' else 'others' end as arm,
        'hash' as source,
        cast(null as string) as segment,
        cast(null as string) as stage,
        cast(null as bigint) as plan_number,
        is_merged as is_mixed,
        false as is_held_back,
        assigned_on,
        cast(null as timestamp) as assigned_at
    from campaign_people

),

unioned as (

    select
        experiment_id,
        cast(null as string) as campaign_id,
        profile_id,
        arm,
        source,
        segment,
        stage,
        plan_number,
        is_mixed,
        {# Campaigns pass them by in every arm. A tool that knows nothing of the group does not. #}
        source = 'hash' and is_in_global_control as is_held_back,
        assigned_on,
        assigned_at
    from assigned
    union all
    select * from held_against_control
    union all
    select * from held_against_campaigns

)

select * from unioned
