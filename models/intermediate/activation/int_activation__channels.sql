{# Whether a person in the base may be written to by a channel, can be, and has not been too often. #}
{% set caps = var('cap_per_channel') %}

with

segments_now as (

    select * from {{ ref('int_activation__segments_now') }}

),

profiles as (

    select * from {{ ref('int_profiles') }}

),

consents as (

    select * from {{ ref('int_profiles__consents') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

{# Not yesterday's newsletter opened today: what was sent. #}
sent as (

    select
        messages.profile_id,
        messages.channel,
        count(*) as sent_count
    from {{ ref('int_profiles__messages') }} as messages
    inner join as_of on messages.occurred_on > {{ days_before('as_of.as_of_date', 7) }}
    where messages.event_type = 'sent'
    group by messages.profile_id, messages.channel

),

sent_by_all as (

    select
        profile_id,
        sum(sent_count) as sent_count
    from sent
    group by profile_id

),

channels as (

    {% for channel in ['email', 'sms', 'push', 'banner'] %}
    select
        '{{ channel }}' as channel,
        {{ caps[channel] }} as cap
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select
    segments_now.profile_id,
    channels.channel,
    cast(coalesce(sent.sent_count, 0) as bigint) as sent_count,
    cast(coalesce(sent_by_all.sent_count, 0) as bigint) as sent_count_all_channels,
    case
        when consents.status is not null then consents.status = 'granted'
        {% if var('banner_consent') == 'opt_out' -%}
        when channels.channel = 'banner' then true
        {% endif -%}
        else false
    end as is_allowed,
    {# Of push and banners nobody tells who can be reached. #}
    case channels.channel
        when 'email' then coalesce(profiles.is_email_reachable, false)
        when 'sms' then coalesce(profiles.is_phone_reachable, false)
        else true
    end as is_reachable,
    coalesce(sent.sent_count, 0) >= channels.cap as is_over_cap
from segments_now
inner join profiles on segments_now.profile_id = profiles.profile_id
cross join channels
left join consents
    on
        segments_now.profile_id = consents.profile_id
        and channels.channel = consents.channel
left join sent
    on
        segments_now.profile_id = sent.profile_id
        and channels.channel = sent.channel
left join sent_by_all on segments_now.profile_id = sent_by_all.profile_id
