{# The condition of a join: the row of int_segments__map for a buyer with scores. #}
{% macro same_cell(buyers, segment_map) -%}
    {%- for column in [
        'recency_score', 'frequency_score', 'monetary_score', 'is_one_purchase', 'is_engaged'
    ] -%}
    {{ buyers }}.{{ column }} = {{ segment_map }}.{{ column }}
    {%- if not loop.last %} and {% endif -%}
    {%- endfor -%}
{%- endmacro %}
