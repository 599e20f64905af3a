{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook='{{ forget_before_finished() }}',
) }}

{# Visitors of whom an event is another since the last finished build, and devices of several people at which
   it may be told anew who was there. Of erased events `erase_people` adds the visitors. #}
with

events as (

    {{ new_rows(ref('base_web__events'), 'occurred_at') }}

),

touched_devices as (

    select distinct device_id from {{ ref('int_identity__touched_devices') }}

),

shared_devices as (

    select * from {{ ref('int_identity__shared_devices') }}

),

told_sessions as (

    {{ rows_if_any(
        told_relation('intermediate', 'int_web__sessions'),
        {'visitor_key': 'string', 'is_shared_device': 'boolean'},
        'is_shared_device'
    ) }}

),

touched as (

    select {{ visitor_key('events') }} as visitor_key
    from events
    union
    select 'anonymous_id:' || anonymous_id as visitor_key
    from shared_devices
    where device_id in (select touched_devices.device_id from touched_devices)
    union
    select visitor_key
    from told_sessions
    where {{ hash_number('visitor_key') }} in (select touched_devices.device_id from touched_devices)

)

select
    visitor_key,
    false as is_of_erased,
    {{ build_number() }} as build_number
from touched
where visitor_key is not null
