{# The condition that a span of a person's history holds in a period, by its number. #}
{% macro lasts_in(spans, period_number) -%}
    {{ spans }}.from_period_number <= {{ period_number }}
    and coalesce({{ spans }}.until_period_number >= {{ period_number }}, true)
{%- endmacro %}
