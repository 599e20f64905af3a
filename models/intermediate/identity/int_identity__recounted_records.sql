{# What int_identity__records has of touched identifiers that are to be counted anew, with their links: looked
   for once. Empty where all is made anew. #}
{% set is_recounted -%}
records.customer_id_node in (
        select recounted.node_id from recounted
        where false
    )
{%- endset %}
{% if last_finished() %}
{% set conditions = [] %}
{% for identifier in linking_types() %}
{% do conditions.append(is_among_few(identifier ~ '_node', 'recounted', 'node_id')) %}
{% endfor %}
{% set is_recounted = meets_any(ref('int_identity__records'), conditions) %}
{% endif %}
with

recounted as (

    {{ recounted_nodes() }}

)

select
    {% for identifier in linking_types() %}
    records.{{ identifier }}_node,
    {% endfor %}
    records.source_table,
    records.first_seen_at,
    records.last_seen_at,
    records.record_count
from {{ ref('int_identity__records') }} as records
where
    {{ is_recounted }}
