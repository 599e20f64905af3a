{{ carried_on('node_id') }}

{# How many identifiers of another type each identifier stands with, where that is near its limit or over. #}
{% set types = linking_types() %}

with

{% if not execute %} {% do ref('int_identity__touched_links') %} {% endif %}
links as (

    select
        node_a,
        node_b,
        type_a,
        type_b
    from {{ ref('int_identity__touched_links') if is_carried_on() else ref('int_identity__links') }}
    where source_table <> 'seeds.identity_links'

),

rules as (

    select * from {{ ref('identity_rules') }}

),

touched_nodes as (

    select
        node_id,
        identifier_hash
    from {{ ref('int_identity__nodes') }}
    where {{ is_touched('node_id') }}

),

{# Of earlier builds: they are no nodes any more. #}
erased_partners as (

    {{ erased_partners() }}

),

blocked as (

    select node_id from {{ ref('int_identity__nodes') }}
    where is_blocked

),

pairs as (

    select distinct
        links.node_a,
        links.node_b,
        links.type_a,
        links.type_b
    from links
    left join blocked as blocked_a on links.node_a = blocked_a.node_id
    left join blocked as blocked_b on links.node_b = blocked_b.node_id
    where
        blocked_a.node_id is null
        and blocked_b.node_id is null

),

limits as (

    {% for partner in identifier_types() %}
    select
        identifier_type,
        '{{ partner }}' as partner_type,
        max_{{ partner }}s as max_partners
    from rules
    where max_{{ partner }}s is not null
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

counted as (

    select
        node_a as node_id,
        type_a as identifier_type,
        type_b as partner_type,
        count(*) as partner_count
    from pairs
    where {{ is_touched('node_a', 'node_id') }}
    group by node_a, type_a, type_b
    union all
    select
        node_b as node_id,
        type_b as identifier_type,
        type_a as partner_type,
        count(*) as partner_count
    from pairs
    where {{ is_touched('node_b', 'node_id') }}
    group by node_b, type_b, type_a
    union all
    select
        nodes.node_id,
        erased_partners.identifier_type,
        erased_partners.partner_type,
        erased_partners.partner_count
    from erased_partners
    inner join touched_nodes as nodes on erased_partners.identifier_hash = nodes.identifier_hash

),

added as (

    select
        node_id,
        identifier_type,
        partner_type,
        sum(partner_count) as partner_count
    from counted
    group by node_id, identifier_type, partner_type

)

select
    added.node_id,
    added.identifier_type,
    added.partner_type,
    cast(added.partner_count as bigint) as partner_count,
    cast(limits.max_partners as bigint) as max_partners,
    added.partner_count > limits.max_partners as is_over
from added
inner join limits
    on
        added.identifier_type = limits.identifier_type
        and added.partner_type = limits.partner_type
where
    added.partner_count > limits.max_partners
    or (
        added.partner_count * 5 >= limits.max_partners * 4
        and limits.max_partners > 1
    )
