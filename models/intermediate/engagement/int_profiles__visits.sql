{% set reasons = ['identity', 'visits', 'messages'] %}
{{ carried_on('profile_id', reasons) }}

{# Whose session it was: the account tells, else the address, else the device; at a device of several people
   whoever was there. #}
with

{# Picked before anybody is looked up: few are, and each look-up asks all of whom there is an identifier. #}
sessions as (

    select sessions.*
    from {{ ref('int_web__sessions') }} as sessions
    where
        {{ names_touched('sessions', ['customer_id', 'email', 'anonymous_id'], reasons) }}
        or {{ is_touched('sessions.profile_id', by=reasons) }}

),

messages as (

    select * from {{ ref('int_profiles__messages') }}

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
            else {{ owner(['customer_id', 'email', 'anonymous_id']) }}
        end as profile_id
    from sessions
    {{ joined_owners('sessions', ['customer_id', 'email', 'anonymous_id']) }}

),

{# A visit within half an hour of a click in a message was brought by the message. #}
clicks as (

    select distinct owned.session_id
    from owned
    inner join messages on owned.profile_id = messages.profile_id
    where
        messages.event_type = 'clicked'
        and messages.occurred_at <= owned.started_at
        and {{ seconds_between('messages.occurred_at', 'owned.started_at') }} <= 1800

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
