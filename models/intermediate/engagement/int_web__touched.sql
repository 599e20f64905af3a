{# Visitors of whom an event is another since the last finished build. Whoever uses a device with others is
   here in every build, and so is whoever did in the one before. An event that was erased names no visitor any
   more: then those are here of whom there are fewer events than were told. #}
{% set has_lost_events = has_lost_rows(ref('base_web__events')) %}

with

shared_device_records as (

    select * from {{ ref('int_identity__shared_device_records') }}
    where source_table = 'web.events'

),

told_sessions as (

    {{ rows_if_any(
        told_relation('intermediate', 'int_web__sessions'),
        {'visitor_key': 'string', 'is_shared_device': 'boolean', 'event_count': 'bigint'}
    ) }}

){% if has_lost_events %},

counted as (

    select
        {{ visitor_key('events') }} as visitor_key,
        count(*) as event_count
    from {{ ref('base_web__events') }} as events
    where
        events.is_kept
        and not events.is_bot
        and {{ local_date('events.occurred_at') }} <= date '{{ last_finished().as_of_date }}'
    group by {{ visitor_key('events') }}

),

told as (

    select
        visitor_key,
        sum(event_count) as event_count
    from told_sessions
    group by visitor_key

)
{% endif %}

select {{ visitor_key('events') }} as visitor_key
from {{ ref('base_web__events') }} as events
where
    {{ is_new('events', ['occurred_at']) }}
    and {{ visitor_key('events') }} is not null
union
select 'anonymous_id:' || anonymous_id as visitor_key
from shared_device_records
union
select visitor_key
from told_sessions
where is_shared_device
{% if has_lost_events %}
union
select told.visitor_key
from told
left join counted on told.visitor_key = counted.visitor_key
where coalesce(counted.event_count < told.event_count, true)
{% endif %}
