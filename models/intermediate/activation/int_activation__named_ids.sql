-- depends_on: {{ ref('int_identity__touched_identifiers') }}
{{ carried_on('identifier_hash') }}

{# Whose the ids are by now that the list of changes names. Where it is carried on, those are looked for that
   are new in the list or were forgotten as touched: first among the identifiers that were made anew, and
   nothing is read of all others if they are all there. #}
with

named as (

    select old_profile_id as identifier_hash
    from {{ ref('int_identity__changes') }}
    union
    select new_profile_id as identifier_hash
    from {{ ref('int_identity__changes') }}
    where new_profile_id is not null

),

{% if is_carried_on() %}
asked as (

    select named.identifier_hash
    from named
    left join {{ this }} as kept on named.identifier_hash = kept.identifier_hash
    where kept.identifier_hash is null

),
{% else %}
asked as (

    select * from named

),
{% endif %}

newly_made as (

    select
        identifiers.identifier_hash,
        identifiers.profile_id
    from {{ ref('int_identity__identifiers') }} as identifiers
    where
        {{ is_new('identifiers') }}
        and identifiers.identifier_hash in (select asked.identifier_hash from asked)

),

others as (

    select asked.identifier_hash
    from asked
    left join newly_made on asked.identifier_hash = newly_made.identifier_hash
    where newly_made.identifier_hash is null

),

found as (

    select * from newly_made
    union all
    select
        identifiers.identifier_hash,
        identifiers.profile_id
    from {{ ref('int_identity__identifiers') }} as identifiers
    where {{ is_among_few('identifiers.identifier_hash', 'others') }}

)

select
    asked.identifier_hash,
    found.profile_id
from asked
left join found on asked.identifier_hash = found.identifier_hash
