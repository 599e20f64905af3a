with

changes as (

    select * from {{ ref('int_identity__changes') }}

)

select

    ---------- ids
    old_profile_id,
    new_profile_id,

    ---------- strings
    change_type,

    ---------- numerics
    change_number,
    identifier_count,

    ---------- dates
    noticed_on

from changes
