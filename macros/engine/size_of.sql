{# How many there are in a list. #}
{% macro size_of(list) -%}
    {{ adapter.dispatch('size_of', 'lifecycle')(list) }}
{%- endmacro %}

{% macro default__size_of(list) -%}
    len({{ list }})
{%- endmacro %}

{% macro spark__size_of(list) -%}
    cast(size({{ list }}) as bigint)
{%- endmacro %}
