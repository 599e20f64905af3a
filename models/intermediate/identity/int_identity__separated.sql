{{ config(materialized='separated_components') }}

{# The links of people whom a cut runs through, strongest first: what people joined, then by the weaker of the
   two types, the stronger of them, and how often it was seen. #}
with

cuts as (

    select * from {{ ref('int_identity__splits') }}

),

ends as (

    select node_a as node_id from cuts
    union
    select node_b as node_id from cuts

),

links as (

    select * from {{ ref('int_identity__links') }}

),

rules as (

    select * from {{ ref('identity_rules') }}

),

members as (

    select
        node_a as node_id,
        component_id
    from {{ ref('int_identity__components') }}
    where
        node_a = node_b
        and {{ is_among_few('node_a', 'ends', 'node_id') }}

),

cut_components as (

    select distinct members_a.component_id
    from cuts
    inner join members as members_a on cuts.node_a = members_a.node_id
    inner join members as members_b on cuts.node_b = members_b.node_id
    where members_a.component_id = members_b.component_id

),

{# Members, and of their links those that count. #}
counting as (

    select
        components.node_a,
        components.node_b
    from {{ ref('int_identity__components') }} as components
    inner join cut_components on components.component_id = cut_components.component_id

),

judged as (

    select
        counting.node_a,
        counting.node_b,
        min(
            case when links.source_table = 'seeds.identity_links' then 0 else 1 end
        ) as is_seen,
        min(rules_b.identifier_rank) as weaker_rank,
        min(rules_a.identifier_rank) as stronger_rank,
        sum(links.record_count) as record_count
    from counting
    inner join links
        on
            counting.node_a = least(links.node_a, links.node_b)
            and counting.node_b = greatest(links.node_a, links.node_b)
    inner join rules as rules_a on links.type_a = rules_a.identifier_type
    inner join rules as rules_b on links.type_b = rules_b.identifier_type
    group by counting.node_a, counting.node_b

)

select
    'link' as kind,
    node_a,
    node_b,
    row_number() over (
        order by is_seen asc, weaker_rank asc, stronger_rank asc, record_count desc, node_a asc, node_b asc
    ) as place
from judged
union all
select
    'node' as kind,
    node_a,
    node_b,
    cast(null as bigint) as place
from counting
where node_a = node_b
union all
select
    'cut' as kind,
    cuts.node_a,
    cuts.node_b,
    cast(null as bigint) as place
from cuts
inner join members as members_a on cuts.node_a = members_a.node_id
inner join members as members_b on cuts.node_b = members_b.node_id
where members_a.component_id = members_b.component_id
