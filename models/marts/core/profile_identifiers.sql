-- depends_on: {{ ref('int_identity__changes') }}
-- depends_on: {{ ref('int_identity__moved') }}
{{ carried_on('identifier_hash') }}

with

nodes as (

    select * from {{ ref('int_identity__nodes') }}

),

identifiers as (

    select * from {{ ref('int_identity__identifiers') }}

),

unusable as (

    select * from {{ ref('int_identity__unusable') }}

)

select

    ---------- ids
    nodes.identifier_hash,
    identifiers.profile_id,

    ---------- strings
    nodes.identifier_type,
    coalesce(unusable.reason, 'linked') as status,

    ---------- numerics
    nodes.record_count,

    ---------- booleans
    coalesce(identifiers.is_anchor, false) as is_anchor,

    ---------- timestamps
    nodes.first_seen_at,
    nodes.last_seen_at

from nodes
left join identifiers on nodes.node_id = identifiers.node_id
left join unusable on nodes.node_id = unusable.node_id
where {{ is_touched('nodes.identifier_hash') }}
