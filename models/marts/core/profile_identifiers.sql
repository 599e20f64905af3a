-- depends_on: {{ ref('int_identity__changes') }}
-- depends_on: {{ ref('int_identity__moved') }}
{{ carried_on('identifier_hash') }}

{# An identifier is somebody's, or there is a reason why it is nobody's. #}
with

unusable as (

    select * from {{ ref('int_identity__unusable') }}

),

nodes as (

    select * from {{ ref('int_identity__nodes') }}
    where {{ is_among_few('node_id', 'unusable') }}

),

found as (

    select
        identifiers.identifier_hash,
        identifiers.profile_id,
        identifiers.identifier_type,
        'linked' as status,
        identifiers.record_count,
        identifiers.is_anchor,
        identifiers.first_seen_at,
        identifiers.last_seen_at
    from {{ ref('int_identity__identifiers') }} as identifiers
    where {{ is_new('identifiers') if is_carried_on() else 'true' }}
    union all
    select
        nodes.identifier_hash,
        cast(null as string) as profile_id,
        nodes.identifier_type,
        unusable.reason as status,
        nodes.record_count,
        false as is_anchor,
        nodes.first_seen_at,
        nodes.last_seen_at
    from nodes
    inner join unusable on nodes.node_id = unusable.node_id
    where {{ is_touched('nodes.identifier_hash') }}

)

select

    ---------- ids
    identifier_hash,
    profile_id,

    ---------- strings
    identifier_type,
    status,

    ---------- numerics
    record_count,

    ---------- booleans
    is_anchor,

    ---------- timestamps
    first_seen_at,
    last_seen_at

from found
