{% set terms = ['day', 'value of customers'] %}
{{ config(post_hook='{{ rank_audiences(' ~ terms ~ ') }}') }}
{{ carried_on_in_activation(terms, key='profile_number') }}

{# Everybody gets one campaign at a time: the first of his segment that he may get now. Whoever has had it
   is in its cool-down, and gets the next. So no audience takes anybody over a cap, whichever of them are
   sent. Where it is carried on, a hook gives the ranks, for one person more moves all below. #}
with

segments_now as (

    select * from {{ made_in_activation(ref('int_activation__segments_now'), terms) }}

),

playbook as (

    select * from {{ ref('campaign_playbook') }}

),

channels as (

    select * from {{ ref('int_activation__channels') }}
    where {{ is_touched_in_activation('profile_id', terms) }}

),

global_control as (

    select * from {{ made_in_activation(ref('int_activation__global_control'), terms) }}
    where is_in_global_control

),

full_price_payers as (

    select * from {{ ref('int_activation__full_price_payers') }}

),

profiles as (

    select
        profile_id,
        net_revenue,
        last_seen_on
    from {{ ref('customer_profiles') }}

),

values_to_come as (

    select
        profile_id,
        predicted_clv
    from {{ ref('int_value__scores') }}
    where sample = 'current'

),

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

{# One row per person with all that counts for any campaign: only the cool-down is a campaign's own. #}
{% set channel_names = ['email', 'sms', 'push', 'banner'] %}
people as (

    select
        segments_now.profile_id,
        segments_now.profile_number,
        segments_now.segment,
        profiles.net_revenue,
        profiles.last_seen_on,
        values_to_come.predicted_clv,
        global_control.profile_id is not null as is_in_control,
        full_price_payers.profile_id is not null as pays_full_price
    from segments_now
    inner join profiles on segments_now.profile_id = profiles.profile_id
    left join values_to_come on segments_now.profile_id = values_to_come.profile_id
    left join global_control on segments_now.profile_id = global_control.profile_id
    left join full_price_payers on segments_now.profile_id = full_price_payers.profile_id

),

ways as (

    select
        profile_id,
        {% for name in channel_names %}
        {% for flag, condition in [
            ('allowed', 'true'),
            ('open', 'is_reachable'),
            ('free', 'is_reachable and not is_over_cap'),
        ] %}
        max(case when channel = '{{ name }}' and {{ condition }} then 1 else 0 end) = 1
            as is_{{ name }}_{{ flag }},
        {% endfor %}
        {% endfor %}
        max(sent_count_all_channels) as sent_count_all_channels
    from channels
    group by profile_id

),

{# Where the playbook's list of channels names each: the smaller, the better. #}
campaigns as (

    select
        {% for name in channel_names %}
        nullif(instr('|' || channels || '|', '|{{ name }}|'), 0) as {{ name }}_place,
        {% endfor %}
        row_number() over (partition by segment order by priority, campaign_id) as turn,
        *
    from playbook

),

last_messages as (

    select
        messages.profile_number,
        messages.campaign_id,
        max(messages.occurred_on) as last_sent_on
    from {{ ref('int_profiles__messages') }} as messages
    inner join campaigns on messages.campaign_id = campaigns.campaign_id
    where
        messages.event_type = 'sent'
        and {{ is_touched_in_activation('messages.profile_number', terms) }}
    group by messages.profile_number, messages.campaign_id

),

members as (

    select
        campaigns.campaign_id,
        campaigns.offer_class,
        campaigns.turn,
        campaigns.cool_down_days,
        ways.sent_count_all_channels >= {{ var('cap_all_channels') }} as is_over_cap,
        {% for flag in ['allowed', 'open', 'free'] %}
        least(
            {% for name in channel_names %}
            case when ways.is_{{ name }}_{{ flag }} then campaigns.{{ name }}_place end
            {{- ',' if not loop.last }}
            {% endfor %}
        ) as first_{{ flag }}_place,
        {% endfor %}
        {% for name in channel_names %}
        campaigns.{{ name }}_place,
        {% endfor %}
        people.*
    from people
    inner join campaigns on people.segment = campaigns.segment
    left join ways on people.profile_id = ways.profile_id

),

judged as (

    select
        members.profile_id,
        members.profile_number,
        members.campaign_id,
        members.segment,
        members.offer_class,
        members.turn,
        members.predicted_clv,
        members.net_revenue,
        members.last_seen_on,
        last_messages.last_sent_on,
        case members.first_free_place
            {% for name in channel_names %}
            when members.{{ name }}_place then '{{ name }}'
            {% endfor %}
        end as channel,
        case
            when members.is_in_control then 'global control'
            when members.offer_class = 'voucher' and members.pays_full_price then 'pays full price'
            when {{ days_between('last_messages.last_sent_on', 'as_of.as_of_date') }} < members.cool_down_days
                then 'cool-down'
            when members.first_allowed_place is null then 'no consent'
            when members.first_open_place is null then 'not reachable'
            when members.is_over_cap then 'over the cap of all channels'
            when members.first_free_place is null then 'over the cap of the channel'
        end as obstacle
    from members
    cross join as_of
    left join last_messages
        on
            members.profile_number = last_messages.profile_number
            and members.campaign_id = last_messages.campaign_id

),

{# Only whoever may get something waits for his turn. #}
first_turns as (

    select
        profile_id,
        min(turn) as turn
    from judged
    where obstacle is null
    group by profile_id

),

audiences as (

    select
        judged.profile_id,
        judged.profile_number,
        judged.campaign_id,
        judged.segment,
        judged.channel,
        judged.offer_class,
        judged.predicted_clv,
        judged.net_revenue,
        judged.last_seen_on,
        judged.last_sent_on
    from judged
    inner join first_turns
        on
            judged.profile_id = first_turns.profile_id
            and judged.turn = first_turns.turn
    where judged.obstacle is null

),

{# Only an audience has ranks. #}
decided as (

    select
        *,
        {{ 'null' if are_terms_kept(terms) else audience_rank() }} as audience_rank,
        null as left_out_reason
    from audiences

    union all

    select
        judged.profile_id,
        judged.profile_number,
        judged.campaign_id,
        judged.segment,
        judged.channel,
        judged.offer_class,
        judged.predicted_clv,
        judged.net_revenue,
        judged.last_seen_on,
        judged.last_sent_on,
        null as audience_rank,
        coalesce(judged.obstacle, 'another campaign') as left_out_reason
    from judged
    left join first_turns on judged.profile_id = first_turns.profile_id
    where
        judged.obstacle is not null
        or judged.turn > first_turns.turn

)

select
    profile_id,
    profile_number,
    campaign_id,
    segment,
    case when left_out_reason is null then channel end as channel,
    offer_class,
    left_out_reason,
    cast(audience_rank as bigint) as audience_rank,
    predicted_clv,
    net_revenue,
    left_out_reason is null as is_in_audience,
    last_seen_on,
    last_sent_on
from decided
