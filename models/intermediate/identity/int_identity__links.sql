{{ config(
    materialized=incremental_or_table(),
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook='{{ forget_touched_links() }}',
) }}

{# A record that names two identifiers says that they are one person's: a link, with where it was seen. So do
   people, by hand. Which links count is decided later, and nothing is left out here. #}
{% set types = linking_types() %}

with

rules as (

    select * from {{ ref('identity_rules') }}

),

decisions as (

    select * from {{ ref('int_identity__decisions') }}
    where decision = 'join'

),

pairs as (

    {% for stronger in types %}
    {% for weaker in types[loop.index:] %}
    select
        {{ stronger }}_node as node_a,
        {{ weaker }}_node as node_b,
        '{{ stronger }}' as type_a,
        '{{ weaker }}' as type_b,
        source_table,
        first_seen_at,
        last_seen_at,
        record_count
    from {{ ref('int_identity__records') }}
    where
        {{ stronger }}_node is not null
        and {{ weaker }}_node is not null
        and {{ is_touched(stronger ~ '_node', 'node_id') }}
        and {{ is_touched(weaker ~ '_node', 'node_id') }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
    {% if loop.revindex > 2 %}union all{% endif %}
    {% endfor %}

),

seen as (

    select
        pairs.node_a,
        pairs.node_b,
        pairs.type_a,
        pairs.type_b,
        pairs.source_table,
        min(pairs.first_seen_at) as first_seen_at,
        max(pairs.last_seen_at) as last_seen_at,
        cast(sum(pairs.record_count) as bigint) as record_count
    from pairs
    inner join rules as rules_a
        on
            pairs.type_a = rules_a.identifier_type
            and rules_a.is_linking
    inner join rules as rules_b
        on
            pairs.type_b = rules_b.identifier_type
            and rules_b.is_linking
    group by pairs.node_a, pairs.node_b, pairs.type_a, pairs.type_b, pairs.source_table

),

{# By hand two identifiers of one type may be joined too: the lower number then stands first. #}
decided as (

    select
        nodes_a.node_id as node_a,
        nodes_b.node_id as node_b,
        nodes_a.identifier_type as type_a,
        nodes_b.identifier_type as type_b,
        row_number() over (
            partition by
                least(nodes_a.node_id, nodes_b.node_id),
                greatest(nodes_a.node_id, nodes_b.node_id)
            order by nodes_a.identifier_rank, nodes_a.node_id
        ) as place
    from decisions
    inner join {{ ref('int_identity__nodes') }} as nodes_a on decisions.hash_a = nodes_a.identifier_hash
    inner join {{ ref('int_identity__nodes') }} as nodes_b on decisions.hash_b = nodes_b.identifier_hash

)

select * from seen
union all
select
    node_a,
    node_b,
    type_a,
    type_b,
    'seeds.identity_links' as source_table,
    cast(null as timestamp) as first_seen_at,
    cast(null as timestamp) as last_seen_at,
    cast(0 as bigint) as record_count
from decided
where place = 1
