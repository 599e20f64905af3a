{{ config(materialized='connected_components', meta={'touched': 'int_identity__touched_nodes'}) }}

{% do ref('int_identity__touched_nodes') %}
{% do ref('int_identity__touched_links') %}
{# Identifiers that can tell a person, each as a link to itself, and the links between them. #}
with

nodes as (

    select * from {{ ref('int_identity__nodes') }}

),

links as (

    select distinct
        least(found.node_a, found.node_b) as node_a,
        greatest(found.node_a, found.node_b) as node_b
    from {{ links_to_compare('int_identity__links', 'int_identity__touched_links') }} as found

),

unusable as (

    select * from {{ ref('int_identity__unusable') }}

)

select
    nodes.node_id as node_a,
    nodes.node_id as node_b
from nodes
left join unusable on nodes.node_id = unusable.node_id
where
    unusable.node_id is null
    and {{ is_node_to_compare('nodes.node_id') }}
union all
select
    links.node_a,
    links.node_b
from links
left join unusable as unusable_a on links.node_a = unusable_a.node_id
left join unusable as unusable_b on links.node_b = unusable_b.node_id
where
    unusable_a.node_id is null
    and unusable_b.node_id is null
