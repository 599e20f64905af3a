{# What int_identity__links has of touched identifiers: looked for once, for all models that ask for it.
   Nobody is touched where all is made anew. #}
{% for node in ['node_a', 'node_b'] %}
select
    node_a,
    node_b,
    type_a,
    type_b,
    source_table
from {{ ref('int_identity__links') }}
where {{ is_among_few(node, ref('int_identity__touched_nodes'), 'node_id') }}
{{ 'union' if not loop.last }}
{% endfor %}
