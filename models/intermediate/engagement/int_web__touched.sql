{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook='{{ forget_before_finished() }}',
) }}

{# Visitors of whom an event is another since the last finished build. Whoever uses a device with others is
   here in every build, and so is whoever did in the one before. Of erased events `erase_people` adds the visitors. #}
with

events as (

    {{ new_rows(ref('base_web__events'), 'occurred_at') }}

),

shared_device_records as (

    select * from {{ ref('int_identity__shared_device_records') }}
    where source_table = 'web.events'

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
    from shared_device_records
    union
    select visitor_key
    from told_sessions

)

select
    visitor_key,
    false as is_of_erased,
    {{ build_number() }} as build_number
from touched
where visitor_key is not null
