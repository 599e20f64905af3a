{# Devices of several people: with more accounts or addresses than one has, or on both sides of a cut. #}
with

several as (

    select node_id
    from {{ ref('int_identity__unusable') }}
    where reason = 'shared'
    union
    select node_b as node_id
    from {{ ref('int_identity__dropped_links') }}
    where
        reason = 'cut'
        and type_b = 'anonymous_id'

),

{# Picked first: few of all identifiers are of several people. #}
{% for relation in ['nodes', 'identifiers'] %}
{{ relation }} as (

    select * from {{ ref('int_identity__' ~ relation) }}
    where
        identifier_type = 'anonymous_id'
        and {{ is_among_few('node_id', 'several') }}

){{ ',' if not loop.last }}

{% endfor %}
select
    nodes.node_id as device_id,
    nodes.identifier_value as anonymous_id,
    identifiers.profile_id as owner_profile_id
from nodes
left join identifiers on nodes.node_id = identifiers.node_id
