{% set reasons = ['identity', 'visits', 'messages'] %}
{% set types = ['customer_id', 'email', 'anonymous_id'] %}
{{ carried_on('profile_id', reasons) }}

{# Whose session it was: the account tells, else the address, else the device; at a device of several people
   whoever was there. #}
with

{# Picked before anybody is looked up: few are, and each look-up asks all of whom there is an identifier. #}
sessions as (

    select *
    from {{ rows_naming_touched(
        ref('int_web__sessions'), types, reasons, [is_touched('profile_id', by=reasons)]
    ) }}

),

{% if is_carried_on() %}
named_identifiers as (

    {{ identifiers_named_by('sessions', types) }}

),
{% endif %}

answers as (

    select * from {{ ref('int_profiles__answers') }}

),

owned as (

    select
        sessions.session_id,
        sessions.visitor_key,
        sessions.event_count,
        sessions.is_unprompted,
        sessions.visited_on,
        sessions.started_at,
        sessions.ended_at,
        case
            when sessions.is_shared_device then sessions.profile_id
            else {{ owner(types) }}
        end as profile_id
    from sessions
    {{ joined_owners('sessions', types, 'named_identifiers' if is_carried_on() else none) }}

),

{# A visit within half an hour of a click in a message was brought by the message. #}
clicks as (

    select distinct owned.session_id
    from owned
    inner join answers on owned.profile_id = answers.profile_id
    where
        answers.event_type = 'clicked'
        and answers.occurred_at <= owned.started_at
        and {{ seconds_between('answers.occurred_at', 'owned.started_at') }} <= 1800

)

select
    owned.session_id,
    owned.profile_id,
    owned.visitor_key,
    cast(owned.event_count as bigint) as event_count,
    owned.is_unprompted and clicks.session_id is null as is_unprompted,
    owned.visited_on,
    owned.started_at,
    owned.ended_at
from owned
left join clicks on owned.session_id = clicks.session_id
where
    owned.profile_id is not null
    and {{ is_touched('owned.profile_id', by=reasons) }}
