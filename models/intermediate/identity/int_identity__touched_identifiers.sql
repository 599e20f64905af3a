{# Identifiers of which something may be told anew: those that are touched, and all of people who are, which
   `int_identity__identifiers` has made anew. #}
with

touched_nodes as (

    select * from {{ ref('int_identity__touched_nodes') }}

),

identifiers as (

    select * from {{ ref('int_identity__identifiers') }}

)

select identifier_hash from touched_nodes
union
select identifier_hash
from identifiers
where {{ is_new('identifiers') }}
