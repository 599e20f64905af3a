{{ config(materialized='ephemeral') }}

{# Where an id that was told earlier is now. An id is the hash of the person's first identifier: whoever has
   that identifier is the person, merged or not. Where it is nobody's by now, the list of changes says. #}
with

changes as (

    select
        old_profile_id,
        new_profile_id,
        {# An id that fell apart went where it went last. #}
        row_number() over (partition by old_profile_id order by change_number desc) as age
    from {{ ref('int_identity__changes') }}
    where new_profile_id is not null

),

followed as (

    select
        changes.old_profile_id as former_profile_id,
        identifiers.profile_id
    from changes
    inner join {{ ref('int_identity__identifiers') }} as identifiers
        on changes.new_profile_id = identifiers.identifier_hash
    left join {{ ref('int_identity__identifiers') }} as kept
        on changes.old_profile_id = kept.identifier_hash
    where
        changes.age = 1
        and kept.identifier_hash is null

),

unioned as (

    select
        identifier_hash as former_profile_id,
        profile_id
    from {{ ref('int_identity__identifiers') }}
    union all
    select
        former_profile_id,
        profile_id
    from followed

)

select * from unioned
