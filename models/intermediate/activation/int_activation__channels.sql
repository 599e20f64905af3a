{% set terms = ['day'] %}
{{ carried_on_in_activation(terms) }}

{# By which channels a person in the base may be written to, whether he can be, and has not been too often. #}
{% set caps = var('cap_per_channel') %}

with

segments_now as (

    select profile_id from {{ made_in_activation(ref('int_activation__segments_now'), terms) }}

),

profiles as (

    select * from {{ of_touched('int_profiles', terms) }}

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

allowed as (

    select
        segments_now.profile_id,
        consents.channel
    from segments_now
    inner join {{ ref('int_profiles__consents') }} as consents
        on segments_now.profile_id = consents.profile_id
    where consents.status = 'granted'
    {% if var('banner_consent') == 'opt_out' %}
    union all
    select
        segments_now.profile_id,
        'banner' as channel
    from segments_now
    left join {{ ref('int_profiles__consents') }} as consents
        on
            segments_now.profile_id = consents.profile_id
            and consents.channel = 'banner'
    where consents.status is null
    {% endif %}

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
    allowed.profile_id,
    allowed.channel,
    cast(coalesce(sent.sent_count, 0) as bigint) as sent_count,
    cast(coalesce(sent_by_all.sent_count, 0) as bigint) as sent_count_all_channels,
    {# Of push and banners nobody tells who can be reached. #}
    case allowed.channel
        when 'email' then coalesce(profiles.is_email_reachable, false)
        when 'sms' then coalesce(profiles.is_phone_reachable, false)
        else true
    end as is_reachable,
    coalesce(sent.sent_count, 0) >= channels.cap as is_over_cap
from allowed
inner join channels on allowed.channel = channels.channel
inner join profiles on allowed.profile_id = profiles.profile_id
left join sent
    on
        allowed.profile_id = sent.profile_id
        and allowed.channel = sent.channel
left join sent_by_all on allowed.profile_id = sent_by_all.profile_id
