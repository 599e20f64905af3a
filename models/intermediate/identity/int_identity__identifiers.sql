-- depends_on: {{ ref('int_privacy__erased_records') }}
{{ carried_on('person_id') }}

with

nodes as (

    select * from {{ ref('int_identity__nodes') }}

),

members as (

    select * from {{ ref('int_identity__members') }}

),

placed as (

    select
        nodes.*,
        members.component_id,
        members.person_id,
        {# The anchor names the person: seen first, then of the strongest type, then by its value. #}
        row_number() over (
            partition by members.person_id
            order by
                nodes.first_seen_at nulls last,
                nodes.identifier_rank,
                nodes.identifier_value
        ) = 1 as is_anchor
    from nodes
    inner join members on nodes.node_id = members.node_id
    where {{ is_touched('members.person_id') }}

),

anchors as (

    select
        person_id,
        identifier_hash as profile_id
    from placed
    where is_anchor

)

select
    anchors.profile_id,
    placed.node_id,
    placed.component_id,
    placed.person_id,
    placed.identifier_type,
    placed.identifier_value,
    {{ number_of('placed.identifier_value') }} as name_number,
    placed.identifier_hash,
    placed.is_anchor,
    placed.record_count,
    placed.first_seen_at,
    placed.last_seen_at,
    {{ build_number() }} as _build_number
from placed
inner join anchors on placed.person_id = anchors.person_id
