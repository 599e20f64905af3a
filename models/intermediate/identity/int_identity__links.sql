{# A record that names several identifiers says that they are one person. A star from the strongest of
   them joins as much as all their pairs do. #}
with

mentions as (

    select * from {{ ref('int_identity__mentions') }}

),

nodes as (

    select * from {{ ref('int_identity__nodes') }}

),

linking as (

    select
        mentions.record_id,
        nodes.node_id,
        {# Nodes are numbered by rank: the lowest number on a record is its strongest identifier. #}
        min(nodes.node_id) over (partition by mentions.record_id) as strongest_node_id
    from mentions
    inner join nodes
        on
            mentions.identifier_type = nodes.identifier_type
            and mentions.identifier_value = nodes.identifier_value
    where nodes.is_linking

),

links as (

    select distinct
        strongest_node_id as node_a,
        node_id as node_b
    from linking

)

select * from links
