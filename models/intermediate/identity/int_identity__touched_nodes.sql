{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook='{{ forget_before_finished("is_of_erased") }}',
) }}

{# Identifiers whose facts or links may be others: what records name that are others since the last finished
   build. Erasure adds what the rows named that it took, and those stay until the build after it, for this one
   has counted the rows already. To what is known of those that merely stand on more records these are added. #}
with

named as (

    {% for identifier in linking_types() %}
    select
        '{{ identifier }}:' || {{ identifier }} as identifier_key,
        added_count
    from {{ ref('int_identity__touched_records') }}
    where
        {{ identifier }} is not null
        and coalesce(added_count <> 0, true)
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select
    {{ hash_number('identifier_key') }} as node_id,
    {{ hash_of('identifier_key') }} as identifier_hash,
    false as is_of_erased,
    count(*) = count(added_count) as is_added_to,
    {{ build_number() }} as build_number
from named
group by identifier_key
