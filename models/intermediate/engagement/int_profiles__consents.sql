{% set reasons = ['owners', 'messages', 'accounts'] %}
{% set types = ['customer_id', 'email', 'phone'] %}
{{ carried_on('profile_id', reasons) }}

{# What each person allows per channel on the as-of date. The last word counts; leaving a list or
   complaining about a message takes consent back. #}
with

{# Picked before anybody is looked up: few are, and each look-up asks all of whom there is an identifier. #}
consents as (

    select * from {{ records_naming_touched('messaging__consents', types, reasons) }}

),

{% if is_carried_on() %}
named_identifiers as (

    {{ identifiers_named_by('consents', types) }}

),
{% endif %}

answers as (

    select * from {{ ref('int_profiles__answers') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

changes as (

    select
        {{ owner(types) }} as profile_id,
        consents.channel,
        consents.status,
        consents.changed_at,
        consents.consent_id as change_id
    from consents
    inner join as_of on {{ local_date('consents.changed_at') }} <= as_of.as_of_date
    {{ joined_owners('consents', types, 'named_identifiers' if is_carried_on() else none) }}

    union all

    select
        profile_id,
        channel,
        'withdrawn' as status,
        occurred_at as changed_at,
        event_id as change_id
    from answers
    where event_type in ('unsubscribed', 'complained')

),

ranked as (

    select
        profile_id,
        channel,
        status,
        changed_at,
        min(case when status = 'granted' then changed_at end) over (
            partition by profile_id, channel
        ) as first_granted_at,
        row_number() over (
            partition by profile_id, channel
            {# At the same moment a withdrawal wins. #}
            order by changed_at desc, status desc, change_id desc
        ) as change_rank
    from changes
    where
        profile_id is not null
        and {{ is_touched('profile_id', by=reasons) }}

)

select
    profile_id,
    channel,
    status,
    {{ local_date('first_granted_at') }} as first_granted_on,
    {{ local_date('changed_at') }} as changed_on
from ranked
where change_rank = 1
