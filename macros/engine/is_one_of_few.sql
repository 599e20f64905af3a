{# A condition that every key meets, on those that another table is picked by. DuckDB reads of the large one only what a
   filter of their hashes lets through, but builds it of keys alone that were picked themselves. #}
{% macro is_one_of_few(key) -%}
    {{ adapter.dispatch('is_one_of_few', 'lifecycle')(key) }}
{%- endmacro %}

{% macro default__is_one_of_few(key) -%}
    hash({{ key }}) >= 0
{%- endmacro %}

{% macro spark__is_one_of_few(key) -%}
    true
{%- endmacro %}
