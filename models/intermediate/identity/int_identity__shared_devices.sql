{# Devices of several people: with more accounts or addresses than one has, or on both sides of a cut. #}
with

identifiers as (

    select * from {{ ref('int_identity__identifiers') }}

),

nodes as (

    select * from {{ ref('int_identity__nodes') }}

),

unusable as (

    select * from {{ ref('int_identity__unusable') }}

),

dropped_links as (

    select * from {{ ref('int_identity__dropped_links') }}

),

cut as (

    select distinct identifier_hash_b as identifier_hash
    from dropped_links
    where
        reason = 'cut'
        and type_b = 'anonymous_id'

)

select
    nodes.node_id as device_id,
    nodes.identifier_value as anonymous_id,
    identifiers.profile_id as owner_profile_id
from nodes
left join unusable on nodes.node_id = unusable.node_id
left join cut on nodes.identifier_hash = cut.identifier_hash
left join identifiers on nodes.node_id = identifiers.node_id
where
    nodes.identifier_type = 'anonymous_id'
    and (unusable.reason = 'shared' or cut.identifier_hash is not null)
