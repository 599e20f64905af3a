{# Everybody gets one campaign at a time: the first of his segment that he may get now. Whoever has had it
   is in its cool-down, and gets the next. So no audience takes anybody over a cap, whichever of them are
   sent. #}
with

segments_now as (

    select * from {{ ref('int_activation__segments_now') }}

),

playbook as (

    select * from {{ ref('campaign_playbook') }}

),

channels as (

    select * from {{ ref('int_activation__channels') }}

),

global_control as (

    select * from {{ ref('int_activation__global_control') }}
    where is_in_global_control

),

full_price_payers as (

    select * from {{ ref('int_activation__full_price_payers') }}

),

profiles as (

    select * from {{ ref('customer_profiles') }}

),

values_to_come as (

    select * from {{ ref('customer_lifetime_value') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

last_messages as (

    select
        profile_id,
        campaign_id,
        max(occurred_on) as last_sent_on
    from {{ ref('int_profiles__messages') }}
    where
        event_type = 'sent'
        and campaign_id is not null
    group by profile_id, campaign_id

),

members as (

    select
        segments_now.profile_id,
        playbook.campaign_id,
        playbook.segment,
        playbook.channels,
        playbook.offer_class,
        playbook.priority,
        playbook.cool_down_days
    from segments_now
    inner join playbook on segments_now.segment = playbook.segment

),

{# Channels of the campaign, by the playbook's preference. #}
ways as (

    select
        members.profile_id,
        members.campaign_id,
        channels.channel,
        channels.is_allowed,
        channels.is_allowed and channels.is_reachable as is_open,
        channels.is_allowed and channels.is_reachable and not channels.is_over_cap as is_free,
        channels.sent_count_all_channels,
        instr('|' || members.channels || '|', '|' || channels.channel || '|') as preference
    from members
    inner join channels on members.profile_id = channels.profile_id
    where instr('|' || members.channels || '|', '|' || channels.channel || '|') > 0

),

free_ways as (

    select
        profile_id,
        campaign_id,
        channel,
        row_number() over (partition by profile_id, campaign_id order by preference) as place
    from ways
    where is_free

),

contacts as (

    select
        profile_id,
        campaign_id,
        max(case when is_allowed then 1 else 0 end) = 1 as is_allowed,
        max(case when is_open then 1 else 0 end) = 1 as is_open,
        max(sent_count_all_channels) >= {{ var('cap_all_channels') }} as is_over_cap
    from ways
    group by profile_id, campaign_id

),

judged as (

    select
        members.profile_id,
        members.campaign_id,
        members.segment,
        members.offer_class,
        members.priority,
        free_ways.channel,
        last_messages.last_sent_on,
        case
            when global_control.profile_id is not null then 'global control'
            when members.offer_class = 'voucher' and full_price_payers.profile_id is not null
                then 'pays full price'
            when {{ days_between('last_messages.last_sent_on', 'as_of.as_of_date') }} < members.cool_down_days
                then 'cool-down'
            when not coalesce(contacts.is_allowed, false) then 'no consent'
            when not contacts.is_open then 'not reachable'
            when contacts.is_over_cap then 'over the cap of all channels'
            when free_ways.channel is null then 'over the cap of the channel'
        end as obstacle
    from members
    cross join as_of
    left join global_control on members.profile_id = global_control.profile_id
    left join full_price_payers on members.profile_id = full_price_payers.profile_id
    left join last_messages
        on
            members.profile_id = last_messages.profile_id
            and members.campaign_id = last_messages.campaign_id
    left join contacts
        on
            members.profile_id = contacts.profile_id
            and members.campaign_id = contacts.campaign_id
    left join free_ways
        on
            members.profile_id = free_ways.profile_id
            and members.campaign_id = free_ways.campaign_id
            and free_ways.place = 1

),

queued as (

    select
        *,
        row_number() over (
            partition by profile_id
            order by case when obstacle is null then 0 else 1 end, priority, campaign_id
        ) as place
    from judged

),

decided as (

    select
        *,
        obstacle is null and place = 1 as is_in_audience,
        case when obstacle is null and place > 1 then 'another campaign' else obstacle end as left_out_reason
    from queued

),

ranked as (

    select
        decided.*,
        values_to_come.predicted_clv,
        row_number() over (
            partition by decided.campaign_id, decided.is_in_audience
            order by
                values_to_come.predicted_clv desc nulls last,
                profiles.net_revenue desc nulls last,
                profiles.last_seen_on desc nulls last,
                decided.profile_id asc nulls last
        ) as place_in_audience
    from decided
    inner join profiles on decided.profile_id = profiles.profile_id
    left join values_to_come on decided.profile_id = values_to_come.profile_id

)

select

    ---------- ids
    profile_id,
    campaign_id,

    ---------- strings
    segment,
    case when is_in_audience then channel end as channel,
    offer_class,
    left_out_reason,

    ---------- numerics
    cast(case when is_in_audience then place_in_audience end as bigint) as audience_rank,
    predicted_clv,

    ---------- booleans
    is_in_audience,

    ---------- dates
    last_sent_on

from ranked
