{{ config(materialized=view_or_table()) }}

{# Everybody who is in a comparison: the people of all experiments, and as the built-in experiment
   `global_control` those who are held back from all communication against all others with an address, and so
   again for each campaign, of the people whom it was for. #}
with

assigned as (

    select * from {{ ref('int_experiments__assigned') }}

),

{# A merged person had several chances to be in control: such people are more often in it, and buy more. #}
held_against_control as (

    select
        experiment_id,
        cast(null as string) as campaign_id,
        profile_id,
        profile_number,
        case when is_in_global_control then 'control' else 'others' end as arm,
        'hash' as source,
        segment,
        stage,
        cast(null as bigint) as plan_number,
        is_merged as is_mixed,
        false as is_held_back,
        assigned_on,
        cast(null as timestamp) as assigned_at
    from {{ ref('int_experiments__control_people') }}

),

held_against_campaigns as (

    select
        experiment_id,
        campaign_id,
        profile_id,
        profile_number,
        case when is_in_global_control then 'control' else 'others' end as arm,
        'hash' as source,
        cast(null as string) as segment,
        cast(null as string) as stage,
        cast(null as bigint) as plan_number,
        is_merged as is_mixed,
        false as is_held_back,
        assigned_on,
        cast(null as timestamp) as assigned_at
    from {{ ref('int_experiments__campaign_people') }}

),

unioned as (

    select
        experiment_id,
        cast(null as string) as campaign_id,
        profile_id,
        profile_number,
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
