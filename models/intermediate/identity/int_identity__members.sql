{{ config(materialized=view_or_table()) }}

{# Whose each identifier is, by number: the component it is in or, where a cut runs through it, the part. #}
with

components as (

    select * from {{ portable(ref('int_identity__components')) }}

),

separated as (

    select * from {{ portable(ref('int_identity__separated')) }}

)

select
    components.node_a as node_id,
    components.component_id,
    coalesce(separated.part_id, components.component_id) as person_id
from components
left join separated on components.node_a = separated.node_id
where components.node_a = components.node_b
