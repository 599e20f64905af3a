{# Identifiers of which something may be told anew: those that are touched, and all of people who are, which
   `int_identity__identifiers` has made anew. With what `profile_identifiers` tells of them before it is carried on. #}
with

touched_nodes as (

    select * from {{ ref('int_identity__touched_nodes') }}

),

identifiers as (

    select * from {{ ref('int_identity__identifiers') }}

),

touched as (

    select identifier_hash from touched_nodes
    union
    select identifier_hash
    from identifiers
    where {{ is_new('identifiers') }}

),

{% set is_among_touched = is_among_few('identifier_hash', 'touched') %}
told as (

    {{ rows_if_any(
        told_relation('marts', 'profile_identifiers'),
        {'identifier_hash': 'string', 'profile_id': 'string', 'record_count': 'bigint'},
        is_among_touched
    ) }}

)

select
    touched.identifier_hash,
    told.profile_id as old_profile_id,
    told.record_count as old_record_count,
    told.identifier_hash is not null as is_told
from touched
left join told on touched.identifier_hash = told.identifier_hash
