{{ config(materialized='connected_components') }}

{# A node without links stands here as a link to itself and becomes a component of its own. #}
select
    node_a,
    node_b
from {{ ref('int_identity__links') }}
union all
select
    node_id as node_a,
    node_id as node_b
from {{ ref('int_identity__nodes') }}
where not is_linking
