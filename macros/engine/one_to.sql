{# In the list of a select: a row per whole number from 1 to a number, which is at least 1. #}
{% macro one_to(number) -%}
    {{ adapter.dispatch('one_to', 'lifecycle')(number) }}
{%- endmacro %}

{% macro default__one_to(number) -%}
    unnest(generate_series(1, {{ number }}))
{%- endmacro %}

{% macro spark__one_to(number) -%}
    explode(sequence(1, {{ number }}))
{%- endmacro %}
