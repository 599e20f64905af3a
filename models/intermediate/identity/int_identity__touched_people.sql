-- depends_on: {{ ref('int_privacy__erased_records') }}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook='{{ forget_before_finished() }}',
) }}

{# People of whom an identifier is touched, has come or has gone: those of now, and those that
   `int_identity__identifiers` holds before it is carried on. #}
with

told as (

    {{ rows_if_any(
        told_relation('intermediate', 'int_identity__identifiers'), {'node_id': 'bigint', 'person_id': 'bigint'}
    ) }}

),

changed as (

    select
        members.person_id,
        told.person_id as old_person_id
    from {{ ref('int_identity__members') }} as members
    inner join told on members.node_id = told.node_id
    where members.person_id <> told.person_id

),

found as (

    select person_id
    from {{ ref('int_identity__members') }}
    where {{ is_touched('node_id') }}
    union
    select person_id
    from told
    where {{ is_touched('node_id') }}
    union
    select person_id from changed
    union
    select old_person_id as person_id from changed

)

select
    person_id,
    {{ build_number() }} as build_number
from found
where {{ 'true' if last_finished() else 'false' }}
