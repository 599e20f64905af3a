{# Visitors of whom an event is another since the last finished build. Whoever uses a device with others is
   here in every build, and so is whoever did in the one before. #}

with

events as (

    select * from {{ ref('base_web__events') }}

),

shared_device_records as (

    select * from {{ ref('int_identity__shared_device_records') }}
    where source_table = 'web.events'

),

told_sessions as (

    {{ rows_if_any(
        told_relation('intermediate', 'int_web__sessions'),
        {'visitor_key': 'string', 'is_shared_device': 'boolean'}
    ) }}

)

select {{ visitor_key('events') }} as visitor_key
from events
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
