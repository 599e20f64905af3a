{# When a campaign first went out in each period, by each channel. A campaign of the playbook is for its
   segment; one that it does not have, for everybody. #}
{% set unlisted_campaigns = 30 %}

with

calendar as (

    select * from {{ ref('int_calendar') }}

),

playbook as (

    select * from {{ ref('campaign_playbook') }}

),

opened as (

    select {{ control_opens_on() }} as opened_on
    from {{ ref('int_as_of_date') }}

),

sent_on_days as (

    select
        messages.campaign_id,
        messages.channel,
        messages.occurred_on
    from {{ ref('int_profiles__messages') }} as messages
    inner join opened on messages.occurred_on > opened.opened_on
    where
        messages.event_type = 'sent'
        and messages.campaign_id is not null
    group by
        messages.campaign_id,
        messages.channel,
        messages.occurred_on

),

sent as (

    select
        sent_on_days.*,
        calendar.previous_period_end
    from sent_on_days
    inner join calendar on sent_on_days.occurred_on = calendar.calendar_day

),

campaigns as (

    select distinct
        sent.campaign_id,
        playbook.segment
    from sent
    left join playbook on sent.campaign_id = playbook.campaign_id

),

{# Of newsletters with an id of their own each there may be hundreds, and everybody is in the audience of all:
   the largest ones. People are counted only where there are too many. #}
unlisted as (

    select
        campaign_id,
        count(*) over () as campaign_count
    from campaigns
    where segment is null

),

ranked as (

    select
        messages.campaign_id,
        row_number() over (
            order by count(distinct messages.profile_id) desc, messages.campaign_id asc
        ) as place
    from {{ ref('int_profiles__messages') }} as messages
    inner join unlisted
        on
            messages.campaign_id = unlisted.campaign_id
            and unlisted.campaign_count > {{ unlisted_campaigns }}
    inner join opened on messages.occurred_on > opened.opened_on
    inner join calendar on messages.occurred_on = calendar.calendar_day
    where messages.event_type = 'sent'
    group by messages.campaign_id

)

select
    campaigns.campaign_id,
    campaigns.segment,
    sent.channel,
    sent.previous_period_end,
    min(sent.occurred_on) as sent_on
from sent
inner join campaigns on sent.campaign_id = campaigns.campaign_id
left join ranked on campaigns.campaign_id = ranked.campaign_id
where
    campaigns.segment is not null
    or coalesce(ranked.place <= {{ unlisted_campaigns }}, true)
group by
    campaigns.campaign_id,
    campaigns.segment,
    sent.channel,
    sent.previous_period_end
