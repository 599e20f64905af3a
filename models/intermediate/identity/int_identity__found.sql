{# What was not looked for among older records, for it was nobody's. What is new stands on none of them. #}
with

found as (

    select distinct identifier_hash from {{ ref('int_identity__moved') }}
    where
        old_profile_id is null
        and new_profile_id is not null
        and not is_new

)

select
    identifiers.identifier_type,
    identifiers.identifier_value
from {{ ref('int_identity__identifiers') }} as identifiers
inner join found on identifiers.identifier_hash = found.identifier_hash
