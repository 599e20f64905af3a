{% set reasons = ['owners', 'messages'] %}
{% set types = ['customer_id', 'email', 'anonymous_id'] %}
{{ carried_on_from_taken(['forget_touched_sessions()', 'take_out_touched_visits(' ~ reasons ~ ')']) }}
{% do is_touched('profile_number', by=reasons) %}
{% if not execute %} {% do sessions_naming_found() %} {% endif %}
{% if not execute %} {% do touched_visitors() %} {% endif %}

{# Whose session it was: the account tells, else the address, else the device; at a device of several people
   whoever was there. Carried on by session: one that stood is looked at anew only where its owner may be another, or
   another message may have brought him. #}
with

sessions as (

    {% set told_anew = [ref('int_web__sessions')] %}
    {% if is_carried_on() %}
    {% set made = 'build_number > ' ~ last_finished().build_number %}
    {% set told_anew = ['(select * from ' ~ told_anew[0] ~ ' where ' ~ made ~ ')', sessions_naming_found()] %}
    {% endif %}
    {% for relation in told_anew %}
    select
        session_id,
        profile_id,
        is_shared_device,
        visitor_key,
        visitor_number,
        {% for type in types %}
        {{ '' if is_carried_on() else type ~ ',' }}
        {{ number_of(type) }} as {{ type }}_number,
        {% endfor %}
        event_count,
        is_unprompted as is_by_itself,
        visited_on,
        started_at,
        ended_at
    from {{ relation }}
    {{ 'union' if not loop.last }}
    {% endfor %}
    {% if is_carried_on() %}
    union all
    select
        session_id,
        profile_id,
        is_shared_device,
        visitor_key,
        visitor_number,
        {% for type in types %}
        {{ type }}_number,
        {% endfor %}
        event_count,
        is_by_itself,
        visited_on,
        started_at,
        ended_at
    from {{ taken_from(this) }}
    {% endif %}

),

{% if is_carried_on() %}
named_identifiers as (

    {{ identifiers_named_by('sessions', types, numbered=true) }}

),
{% endif %}

answers as (

    select * from {{ ref('int_profiles__answers') }}

),

owned as (

    select
        sessions.session_id,
        case
            when sessions.is_shared_device then sessions.profile_id
            else {{ owner(types) }}
        end as profile_id,
        sessions.visitor_key,
        sessions.visitor_number,
        {% for type in types %}
        sessions.{{ type }}_number,
        {% endfor %}
        sessions.event_count,
        sessions.is_shared_device,
        sessions.is_by_itself,
        sessions.visited_on,
        sessions.started_at,
        sessions.ended_at
    from sessions
    {{ joined_owners('sessions', types, 'named_identifiers' if is_carried_on() else none, numbered=true) }}

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
    {{ number_of('owned.profile_id') }} as profile_number,
    owned.visitor_key,
    owned.visitor_number,
    {% for type in types %}
    owned.{{ type }}_number,
    {% endfor %}
    cast(owned.event_count as bigint) as event_count,
    owned.is_shared_device,
    owned.is_by_itself,
    owned.is_by_itself and clicks.session_id is null as is_unprompted,
    owned.visited_on,
    owned.started_at,
    owned.ended_at
from owned
left join clicks on owned.session_id = clicks.session_id
where owned.profile_id is not null
