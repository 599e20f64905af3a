{# The largest of a list; null if it is empty. #}
{% macro largest_of(list) -%}
    {{ adapter.dispatch('largest_of', 'lifecycle')(list) }}
{%- endmacro %}

{% macro default__largest_of(list) -%}
    list_max({{ list }})
{%- endmacro %}

{% macro spark__largest_of(list) -%}
    array_max({{ list }})
{%- endmacro %}
