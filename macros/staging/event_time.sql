{# The time of a table's events as a timestamp; null for a table without. #}
{% macro event_time(column) -%}
    cast({{ column if column else 'null' }} as timestamp)
{%- endmacro %}
