{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook='{{ forget_before_finished() }}',
) }}

{# Devices of several people, now or in the last finished build, at which it may be told anew who was there: a
   record is another, an identifier on one went elsewhere, or the device came to be shared or is so no more. With
   what was told of them then, which is noted once: a build that breaks off may have told of them anew. #}
with

shared_devices as (

    select * from {{ ref('int_identity__shared_devices') }}

),

told as (

    {{ rows_if_any(
        told_relation('intermediate', 'int_identity__shared_device_records'),
        {'device_id': 'bigint', 'source_table': 'string', 'record_id': 'string', 'profile_id': 'string'}
    ) }}

),

devices as (

    select device_id from shared_devices
    union
    select device_id from told

),

records as (

    select
        customer_id_node,
        loyalty_card_id_node,
        email_node,
        phone_node,
        anonymous_id_node
    from {{ ref('int_identity__records') }}
    where anonymous_id_node in (select devices.device_id from devices)

),

named as (

    {% for type in identifier_types() %}
    select
        anonymous_id_node as device_id,
        {{ type }}_node as node_id
    from records
    {{ 'union' if not loop.last }}
    {% endfor %}

),

moved as (

    select identifier_hash from {{ ref('int_identity__moved') }}
    where coalesce(old_profile_id, '') <> coalesce(new_profile_id, '')

),

found as (

    select named.device_id
    from named
    inner join {{ ref('int_identity__nodes') }} as nodes on named.node_id = nodes.node_id
    where nodes.identifier_hash in (select moved.identifier_hash from moved)
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
