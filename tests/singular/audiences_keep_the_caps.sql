-- Whoever is in an audience may be sent its message without having had more than the caps allow in 7
-- days, and has not just had the same campaign. Counted from the messages themselves, and with all
-- audiences he is in.
with

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

messages as (

    select * from {{ ref('int_profiles__messages') }}
    where event_type = 'sent'

),

lately_sent as (

    select
        messages.profile_id,
        messages.channel
    from messages
    inner join as_of on {{ days_between('messages.occurred_on', 'as_of.as_of_date') }} < 7

),

audiences as (

    select
        profile_id,
        campaign_id,
        channel
    from {{ ref('campaign_audiences') }}
    where is_in_audience

),

to_be_sent as (

    select
        lately_sent.profile_id,
        lately_sent.channel
    from lately_sent
    inner join audiences on lately_sent.profile_id = audiences.profile_id
    union all
    select
        profile_id,
        channel
    from audiences

),

by_channel as (

    select
        to_be_sent.profile_id,
        to_be_sent.channel,
        count(*) as message_count
    from to_be_sent
    group by to_be_sent.profile_id, to_be_sent.channel

),

-- What was sent by other channels may be over a cap by itself: other tools send as well.
over_a_channel as (

    select
        by_channel.profile_id,
        'cap of ' || by_channel.channel as broken
    from by_channel
    inner join audiences
        on
            by_channel.profile_id = audiences.profile_id
            and by_channel.channel = audiences.channel
    where
        by_channel.message_count > case by_channel.channel
            {% for channel, cap in var('cap_per_channel').items() %}
            when '{{ channel }}' then {{ cap }}
            {% endfor %}
        end

),

over_all as (

    select
        profile_id,
        'cap of all channels' as broken
    from to_be_sent
    group by profile_id
    having count(*) > {{ var('cap_all_channels') }}

),

too_soon as (

    select
        audiences.profile_id,
        'cool-down of ' || audiences.campaign_id as broken
    from audiences
    cross join as_of
    inner join {{ ref('campaign_playbook') }} as playbook on audiences.campaign_id = playbook.campaign_id
    inner join messages
        on
            audiences.profile_id = messages.profile_id
            and audiences.campaign_id = messages.campaign_id
    where {{ days_between('messages.occurred_on', 'as_of.as_of_date') }} < playbook.cool_down_days

)

select * from over_a_channel
union all
select * from over_all
union all
select * from too_soon
