{# What touched people are named by on records: asked often, and few of all identifiers. #}
with

touched as (

    select * from {{ ref('int_profiles__touched') }}

),

identifiers as (

    select * from {{ ref('int_identity__identifiers') }}

)

select
    identifier_type,
    identifier_value
from identifiers
where profile_id in (select touched.profile_id from touched)
