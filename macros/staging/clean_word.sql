{# A word of a small vocabulary (status, channel, event type): clean text in lower case. #}
{% macro clean_word(column) -%}
    lower({{ clean_text(column) }})
{%- endmacro %}
