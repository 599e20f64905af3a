-- depends_on: {{ ref('int_privacy__erased_records') }}
{# The audit of links that join nobody: why, and what they stood on. Identifiers are hashed. #}
with

{# Picked first: of all links hardly any has such an end. #}
suspects as (

    select node_id from {{ ref('int_identity__unusable') }}
    union
    select node_id from {{ ref('int_identity__separated') }}

),

links as (

    {% for node in ['node_a', 'node_b'] %}
    select * from {{ ref('int_identity__links') }}
    where {{ is_among_few(node, 'suspects', 'node_id') }}
    {{ 'union' if not loop.last }}
    {% endfor %}

),

judged as (

    select
        links.*,
        case
            when unusable_a.reason is not null then links.type_a || ' ' || unusable_a.reason
            when unusable_b.reason is not null then links.type_b || ' ' || unusable_b.reason
            when parts_a.part_id <> parts_b.part_id then 'cut'
        end as reason
    from links
    left join {{ ref('int_identity__unusable') }} as unusable_a on links.node_a = unusable_a.node_id
    left join {{ ref('int_identity__unusable') }} as unusable_b on links.node_b = unusable_b.node_id
    left join {{ ref('int_identity__separated') }} as parts_a on links.node_a = parts_a.node_id
    left join {{ ref('int_identity__separated') }} as parts_b on links.node_b = parts_b.node_id

)

select
    judged.node_a,
    judged.node_b,
    nodes_a.identifier_hash as identifier_hash_a,
    nodes_b.identifier_hash as identifier_hash_b,
    judged.type_a,
    judged.type_b,
    judged.reason,
    judged.source_table,
    judged.record_count,
    judged.first_seen_at,
    judged.last_seen_at
from judged
inner join {{ ref('int_identity__nodes') }} as nodes_a on judged.node_a = nodes_a.node_id
inner join {{ ref('int_identity__nodes') }} as nodes_b on judged.node_b = nodes_b.node_id
where judged.reason is not null
