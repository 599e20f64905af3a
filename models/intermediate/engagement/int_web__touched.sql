{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook='{{ forget_before_finished() }}',
) }}
{% set sessions = told_relation('intermediate', 'int_web__sessions') %}

{# Visitors of whom an event is another since the last finished build, or is told to be another's at a device
   of several people; and from when on their sessions may be others: what ended an hour before the first such event
   has nothing to do with it, for a session ends after half of one. Of erased events `erase_people` adds the
   visitors. #}
with

events as (

    {{ new_rows(ref('base_web__events'), 'occurred_at') }}

),

reattributed as (

    select
        device_id,
        happened_at
    from {{ ref('int_identity__reattributed') }}
    where source_table = 'web.events'

),

shared_devices as (

    select * from {{ ref('int_identity__shared_devices') }}

),

told_at_shared_devices as (

    {{ rows_if_any(sessions, {'visitor_key': 'string', 'is_shared_device': 'boolean'}, 'is_shared_device') }}

),

{# Of an event that is gone from its device no time is known. #}
changes as (

    select
        {{ visitor_key('events') }} as visitor_key,
        events.occurred_at as changed_at
    from events
    union all
    select
        'anonymous_id:' || shared_devices.anonymous_id as visitor_key,
        reattributed.happened_at as changed_at
    from reattributed
    inner join shared_devices on reattributed.device_id = shared_devices.device_id
    union all
    select
        visitor_key,
        cast(null as timestamp) as changed_at
    from told_at_shared_devices
    where
        {{ hash_number('visitor_key') }} in (
            select reattributed.device_id from reattributed
            where reattributed.happened_at is null
        )

),

changed as (

    select
        visitor_key,
        {{ number_of('visitor_key') }} as visitor_number,
        case when count(*) = count(changed_at) then min(changed_at) end as changed_from
    from changes
    where visitor_key is not null
    group by visitor_key

),

told_sessions as (

    {{ rows_if_any(
        sessions,
        {'visitor_number': 'bigint', 'started_at': 'timestamp', 'ended_at': 'timestamp'},
        is_among_few('visitor_number', 'changed')
    ) }}

)

select
    changed.visitor_key,
    changed.visitor_number,
    false as is_of_erased,
    {# The sessions from there on begin with the first one that is not over. #}
    case
        when changed.changed_from is not null
            then least(changed.changed_from, min(told_sessions.started_at))
    end as touched_from,
    {{ build_number() }} as build_number
from changed
left join told_sessions
    on
        changed.visitor_number = told_sessions.visitor_number
        and changed.changed_from - interval '1' hour <= told_sessions.ended_at
group by changed.visitor_key, changed.visitor_number, changed.changed_from
