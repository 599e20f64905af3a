-- depends_on: {{ ref('int_privacy__erased_records') }}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook='{{ forget_before_finished() }}',
) }}

{# People in components that have a touched identifier, now or as `int_identity__identifiers` has it before it
   is carried on: what changes a component, or the parts that cuts leave of it, touches one of its identifiers.
   Where those of such a component are or were elsewhere, people are touched there too. #}
{% set told -%}
({{ rows_if_any(
    told_relation('intermediate', 'int_identity__identifiers'),
    {'node_id': 'bigint', 'component_id': 'bigint', 'person_id': 'bigint'}
) }}) as told
{%- endset %}

with

touched_components as (

    select component_id from {{ ref('int_identity__members') }}
    where {{ is_touched('node_id') }}
    union
    select component_id from {{ told }}
    where {{ is_touched('node_id') }}

),

found_nodes as (

    {% for relation in [ref('int_identity__members'), told] %}
    select node_id from {{ relation }}
    where {{ is_among_few('component_id', 'touched_components') }}
    {{ 'union' if not loop.last }}
    {% endfor %}

),

found as (

    {% for relation in [ref('int_identity__members'), told] %}
    select person_id from {{ relation }}
    where {{ is_among_few('node_id', 'found_nodes') }}
    {{ 'union' if not loop.last }}
    {% endfor %}

)

select
    person_id,
    {{ build_number() }} as build_number
from found
where {{ 'true' if last_finished() else 'false' }}
