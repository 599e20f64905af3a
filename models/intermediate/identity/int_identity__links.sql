{{ carried_on_from_taken(['take_out_touched_links()']) }}

{# A record that names two identifiers says that they are one person's: a link, with where it was seen. So do
   people, by hand. Which links count is decided later, and nothing is left out here. Of touched identifiers that merely
   stand on more records these are added to what is known of their links. #}
{% set types = linking_types() %}

with

rules as (

    select * from {{ ref('identity_rules') }}

),

decisions as (

    select * from {{ ref('int_identity__decisions') }}
    where decision = 'join'

),

{% if is_carried_on() %}
recounted as (

    {{ recounted_nodes() }}

),

added as (

    select
        {% for identifier in types %}
        {{ hash_number("'" ~ identifier ~ ":' || " ~ identifier) }} as {{ identifier }}_node,
        {% endfor %}
        source_table,
        first_seen_at,
        last_seen_at,
        added_count as record_count
    from {{ ref('int_identity__touched_records') }}
    where added_count > 0

),
{% endif %}

{% if not execute %}
{% do ref('int_identity__touched_nodes') %}
{% do ref('int_identity__touched_records') %}
{% do ref('int_identity__recounted_records') %}
{% endif %}
{% set relations = {'counted': ref('int_identity__records')} %}
{% if is_carried_on() %}
{% set relations = {'counted': ref('int_identity__recounted_records'), 'added': 'added'} %}
{% endif %}
named_together as (

    {% for kind, relation in relations.items() %}
    {% set is_last_relation = loop.last %}
    {% for stronger in types[:-1] %}
    {% set is_last_type = loop.last %}
    {% for weaker in types[loop.index:] %}
    select
        {{ stronger }}_node as node_a,
        {{ weaker }}_node as node_b,
        '{{ stronger }}' as type_a,
        '{{ weaker }}' as type_b,
        source_table,
        first_seen_at,
        last_seen_at,
        record_count,
        '{{ kind }}' as kind
    from {{ relation }}
    where
        {{ stronger }}_node is not null
        and {{ weaker }}_node is not null
    {% if not (is_last_relation and is_last_type and loop.last) %}union all{% endif %}
    {% endfor %}
    {% endfor %}
    {% endfor %}
    {% if is_carried_on() %}
    union all
    select
        node_a,
        node_b,
        type_a,
        type_b,
        source_table,
        first_seen_at,
        last_seen_at,
        record_count,
        'added' as kind
    from {{ taken_from(this) }}
    {% endif %}

),

pairs as (

    select named_together.*
    from named_together
    {% if is_carried_on() %}
    left join recounted as recounted_a on named_together.node_a = recounted_a.node_id
    left join recounted as recounted_b on named_together.node_b = recounted_b.node_id
    where
        {{ is_touched('named_together.node_a', 'node_id') }}
        and {{ is_touched('named_together.node_b', 'node_id') }}
        and case
            when coalesce(recounted_a.node_id, recounted_b.node_id) is null then 'added'
            else 'counted'
        end = named_together.kind
    {% endif %}

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
