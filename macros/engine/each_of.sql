{# In the list of a select: a row per element of a list, none where the list is empty or null. #}
{% macro each_of(list) -%}
    {{ adapter.dispatch('each_of', 'lifecycle')(list) }}
{%- endmacro %}

{% macro default__each_of(list) -%}
    unnest({{ list }})
{%- endmacro %}

{% macro spark__each_of(list) -%}
    explode({{ list }})
{%- endmacro %}
