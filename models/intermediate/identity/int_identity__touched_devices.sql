{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook='{{ forget_before_finished() }}',
) }}

{# Devices of several people, now or in the last finished build, at which it may be told anew who was there: a
   record is another, an identifier on one went elsewhere, or the device came to be shared or is so no more. With
   what was told of them then, which is noted once: a build that breaks off may have told of them anew. #}
{% set columns = {
    'device_id': 'bigint', 'source_table': 'string', 'record_id': 'string', 'profile_id': 'string'
} %}
{% set types = identifier_types() | reject('equalto', 'anonymous_id') | list %}
{% for type in types %}
{% do columns.update({type ~ '_number': 'bigint'}) %}
{% endfor %}

with

shared_devices as (

    select * from {{ ref('int_identity__shared_devices') }}

),

told as (

    {{ rows_if_any(told_relation('intermediate', 'int_identity__shared_device_records'), columns) }}

),

devices as (

    select device_id from shared_devices
    union
    select device_id from told

),

moved as (

    select
        identifier_hash,
        new_profile_id
    from {{ ref('int_identity__moved') }}
    where coalesce(old_profile_id, '') <> coalesce(new_profile_id, '')

),

moved_names as (

    select
        identifiers.node_id,
        identifiers.identifier_type,
        identifiers.name_number
    from {{ ref('int_identity__identifiers') }} as identifiers
    inner join moved on identifiers.identifier_hash = moved.identifier_hash
    where {{ is_new('identifiers') }}
    union
    select
        nodes.node_id,
        nodes.identifier_type,
        {{ number_of('nodes.identifier_value') }} as name_number
    from {{ ref('int_identity__nodes') }} as nodes
    where
        nodes.identifier_hash in (
            select moved.identifier_hash from moved
            where moved.new_profile_id is null
        )

),

{# Records that came to a device since are new, or the device was not shared before. #}
found as (

    {% for type in types %}
    select device_id from told
    where
        {{ type }}_number in (
            select moved_names.name_number from moved_names
            where moved_names.identifier_type = '{{ type }}'
        )
    union
    {% endfor %}
    select node_id as device_id from moved_names
    {# Of an erased row nothing else tells at which device it was. #}
    union
    select node_id as device_id
    from {{ ref('int_identity__touched_nodes') }}
    where is_of_erased
    {% for base in ['base_web__events', 'base_shop__orders'] %}
    union
    select {{ hash_number("'anonymous_id:' || records.anonymous_id") }} as device_id
    from {{ ref(base) }} as records
    where {{ is_new('records') }}
    {% endfor %}
    union
    select shared_devices.device_id
    from shared_devices
    where shared_devices.device_id not in (select told.device_id from told)
    union
    select told.device_id
    from told
    where told.device_id not in (select shared_devices.device_id from shared_devices)

),

noted as (

    {% if is_incremental() -%}
    select distinct device_id from {{ this }}
    {%- else -%}
    select cast(null as bigint) as device_id
    {%- endif %}

),

touched as (

    select found.device_id
    from found
    inner join devices on found.device_id = devices.device_id
    left join noted on found.device_id = noted.device_id
    where
        {{ 'true' if last_finished() else 'false' }}
        and noted.device_id is null

)

select
    touched.device_id,
    coalesce(told.source_table, 'none') as source_table,
    coalesce(told.record_id, 'none') as record_id,
    told.profile_id as old_profile_id,
    {{ build_number() }} as build_number
from touched
left join told on touched.device_id = told.device_id
