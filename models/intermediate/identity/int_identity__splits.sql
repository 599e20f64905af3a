{# Cuts between identifiers that the data has. One that people also joined, themselves or through others, is a
   contradiction nobody but they can solve. #}
with

cuts as (

    select
        *,
        {{ hash_number('hash_a') }} as key_a,
        {{ hash_number('hash_b') }} as key_b
    from {{ ref('int_identity__decisions') }}
    where decision = 'cut'

),

joined as (

    select
        node_a as key,
        component_id
    from {{ ref('int_identity__joined') }}
    where node_a = node_b

),

{% set contradiction -%}
'seeds/identity_splits.csv separates ' || cuts.label_a || ' and ' || cuts.label_b
|| ', and seeds/identity_links.csv joins them, itself or through others: remove one of the two.'
{%- endset %}
checked as (

    select
        cuts.hash_a,
        case
            when joined_a.component_id = joined_b.component_id then {{ fail(contradiction) }}
            else cuts.hash_b
        end as hash_b
    from cuts
    left join joined as joined_a on cuts.key_a = joined_a.key
    left join joined as joined_b on cuts.key_b = joined_b.key

)

select distinct
    least(nodes_a.node_id, nodes_b.node_id) as node_a,
    greatest(nodes_a.node_id, nodes_b.node_id) as node_b
from checked
inner join {{ ref('int_identity__nodes') }} as nodes_a on checked.hash_a = nodes_a.identifier_hash
inner join {{ ref('int_identity__nodes') }} as nodes_b on checked.hash_b = nodes_b.identifier_hash
