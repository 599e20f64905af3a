{{ carried_on_in_experiments() }}

{# Whom a campaign would have been for, those of the control group among them: the comparison is fair only if
   one rule picks both. So it asks for nothing that the message may have changed: not who got it, and not who
   has left the list since. A campaign of the playbook is for its segment; one that it does not have, for everybody. #}
with

waves as (

    select
        'campaign ' || campaign_id as experiment_id,
        *
    from {{ ref('int_experiments__waves') }}

),

membership as (

    select * from {{ ref('segment_membership') }}

),

control as (

    select * from {{ made_in_experiments(ref('int_activation__global_control')) }}

),

profiles as (

    select * from {{ of_touched_in_experiments('int_profiles') }}
    where not is_test

),

{# Where no campaign is another, few consents are read. #}
consents as (

    select
        profile_id,
        channel,
        first_granted_on
    from {{ ref('int_profiles__consents') }}
    where {{ is_touched_in_activation('profile_id') if changed_terms() == [] else 'true' }}

),

meant as (

    select
        waves.experiment_id,
        waves.campaign_id,
        waves.sent_on,
        membership.profile_id
    from waves
    inner join membership
        on
            waves.previous_period_end = membership.period_end
            and waves.segment = membership.segment
    inner join consents
        on
            membership.profile_id = consents.profile_id
            and waves.channel = consents.channel
            and waves.sent_on > consents.first_granted_on
    where {{ is_touched_in_experiments('membership.profile_id', 'waves.experiment_id') }}

    union all

    select
        waves.experiment_id,
        waves.campaign_id,
        waves.sent_on,
        consents.profile_id
    from waves
    inner join consents
        on
            waves.channel = consents.channel
            and waves.sent_on > consents.first_granted_on
    where
        waves.segment is null
        and {{ is_touched_in_experiments('consents.profile_id', 'waves.experiment_id') }}

),

{# Everybody once per campaign: of whom it may have changed already nothing is to be learned. #}
first_meant as (

    select
        experiment_id,
        campaign_id,
        profile_id,
        min(sent_on) as sent_on
    from meant
    group by experiment_id, campaign_id, profile_id

)

select
    first_meant.experiment_id,
    first_meant.campaign_id,
    first_meant.profile_id,
    control.profile_number,
    control.is_in_global_control,
    control.is_merged,
    {{ days_before('first_meant.sent_on', 1) }} as assigned_on,
    {{ build_number() }} as build_number
from first_meant
inner join profiles on first_meant.profile_id = profiles.profile_id
inner join control on first_meant.profile_id = control.profile_id
