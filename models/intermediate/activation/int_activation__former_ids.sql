{{ config(materialized='ephemeral') }}

{# Where any id that was told earlier is now: whoever has the identifier that it is the hash of is the person;
   of one that is nobody's, the list of changes says. #}
select
    identifier_hash as former_profile_id,
    profile_id
from {{ ref('int_identity__identifiers') }}
union all
select
    former_profile_id,
    profile_id
from {{ ref('int_activation__changed_ids') }}
where not is_identifier
