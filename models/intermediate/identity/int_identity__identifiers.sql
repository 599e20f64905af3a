with

nodes as (

    select * from {{ ref('int_identity__nodes') }}

),

components as (

    select * from {{ ref('int_identity__components') }}

),

placed as (

    select
        nodes.*,
        components.component_id,
        {# The anchor names the person: seen first, then of the strongest type, then by its value. #}
        row_number() over (
            partition by components.component_id
            order by
                nodes.first_seen_at nulls last,
                nodes.identifier_rank,
                nodes.identifier_value
        ) as anchor_rank
    from nodes
    inner join components on nodes.node_id = components.node_id

),

anchors as (

    select
        component_id,
        {{ hash_of("identifier_type || ':' || identifier_value") }} as profile_id
    from placed
    where anchor_rank = 1

),

identified as (

    select
        anchors.profile_id,
        placed.identifier_type,
        placed.identifier_value,
        placed.record_count,
        placed.first_seen_at,
        placed.last_seen_at
    from placed
    inner join anchors on placed.component_id = anchors.component_id

)

select * from identified
