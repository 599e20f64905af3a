{# Identifiers of which something may be told anew: those that are touched, and all of people who are. #}
with

touched_nodes as (

    select * from {{ ref('int_identity__touched_nodes') }}

),

touched_people as (

    select * from {{ ref('int_identity__touched_people') }}

),

identifiers as (

    select * from {{ ref('int_identity__identifiers') }}

)

select identifier_hash from touched_nodes
union
select identifier_hash
from identifiers
where person_id in (select touched_people.person_id from touched_people)
