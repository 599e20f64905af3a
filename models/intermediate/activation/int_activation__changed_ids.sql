{{ config(materialized='ephemeral') }}

{# Where an id is now that the list of changes names. An id is the hash of the person's first identifier:
   whoever has that identifier is the person, merged or not. Where it is nobody's by now, the list says where
   it went. #}
with

named_ids as (

    select
        identifier_hash,
        profile_id
    from {{ ref('int_activation__named_ids') }}

),

changes as (

    select
        old_profile_id,
        new_profile_id,
        {# An id that fell apart went where it went last. #}
        row_number() over (partition by old_profile_id order by change_number desc) as age
    from {{ ref('int_identity__changes') }}
    where new_profile_id is not null

),

last_changes as (

    select * from changes
    where age = 1

)

select
    named_ids.identifier_hash as former_profile_id,
    coalesce(named_ids.profile_id, heirs.profile_id) as profile_id,
    named_ids.profile_id is not null as is_identifier
from named_ids
left join last_changes on named_ids.identifier_hash = last_changes.old_profile_id
left join named_ids as heirs on last_changes.new_profile_id = heirs.identifier_hash
where coalesce(named_ids.profile_id, heirs.profile_id) is not null
