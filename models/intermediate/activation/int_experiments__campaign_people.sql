{{ config(materialized=view_or_table()) }}

{# Whom a campaign would have been for, those of the control group among them: the comparison is fair only if
   one rule picks both. So it asks for nothing that the message may have changed: not who got it, and not who
   has left the list since. A campaign of the playbook is for its segment; one that it does not have, for everybody. #}
{% set unlisted_campaigns = 30 %}

with

messages as (

    select * from {{ ref('int_profiles__messages') }}
    where
        event_type = 'sent'
        and campaign_id is not null

),

calendar as (

    select * from {{ ref('int_calendar') }}

),

playbook as (

    select * from {{ ref('campaign_playbook') }}

),

membership as (

    select * from {{ ref('segment_membership') }}

),

consents as (

    select
        profile_id,
        channel,
        first_granted_on
    from {{ ref('int_profiles__consents') }}
    where first_granted_on is not null

),

control as (

    select * from {{ ref('int_activation__global_control') }}

),

profiles as (

    select * from {{ ref('int_profiles') }}
    where not is_test

),

opened as (

    select {{ control_opens_on() }} as opened_on
    from {{ ref('int_as_of_date') }}

),

sent as (

    select
        messages.campaign_id,
        messages.profile_id,
        messages.channel,
        messages.occurred_on,
        calendar.previous_period_end
    from messages
    inner join opened on messages.occurred_on > opened.opened_on
    inner join calendar on messages.occurred_on = calendar.calendar_day

),

counted as (

    select
        sent.campaign_id,
        playbook.segment,
        count(distinct sent.profile_id) as messaged_people
    from sent
    left join playbook on sent.campaign_id = playbook.campaign_id
    group by sent.campaign_id, playbook.segment

),

ranked as (

    select
        *,
        row_number() over (
            partition by case when segment is null then 1 else 0 end
            order by messaged_people desc, campaign_id asc
        ) as place
    from counted

),

{# Of newsletters with an id of their own each there may be hundreds, and everybody is in the audience of all:
   the largest ones. #}
campaigns as (

    select * from ranked
    where
        segment is not null
        or place <= {{ unlisted_campaigns }}

),

{# When it first went out in each period, by each channel. #}
waves as (

    select
        campaigns.campaign_id,
        campaigns.segment,
        sent.channel,
        sent.previous_period_end,
        min(sent.occurred_on) as sent_on
    from sent
    inner join campaigns on sent.campaign_id = campaigns.campaign_id
    group by
        campaigns.campaign_id,
        campaigns.segment,
        sent.channel,
        sent.previous_period_end

),

meant as (

    select
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

    union all

    select
        waves.campaign_id,
        waves.sent_on,
        consents.profile_id
    from waves
    inner join consents
        on
            waves.channel = consents.channel
            and waves.sent_on > consents.first_granted_on
    where waves.segment is null

),

{# Everybody once per campaign: of whom it may have changed already nothing is to be learned. #}
first_meant as (

    select
        campaign_id,
        profile_id,
        min(sent_on) as sent_on
    from meant
    group by campaign_id, profile_id

)

select
    first_meant.campaign_id,
    first_meant.profile_id,
    control.is_in_global_control,
    control.is_merged,
    {{ days_before('first_meant.sent_on', 1) }} as assigned_on
from first_meant
inner join profiles on first_meant.profile_id = profiles.profile_id
inner join control on first_meant.profile_id = control.profile_id
