{# Text as a person would read it: trimmed, and null where nothing is left. #}
{% macro clean_text(column) -%}
    nullif({{ trimmed(column) }}, '')
{%- endmacro %}
