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

{# The condition that a key is among those of a relation that has few of them: in a column of that name, or another. #}
{% macro is_among_few(column, relation, key=none) -%}
    {%- set key = key or column.split('.')[-1] -%}
    {{ column }} in (select few.{{ key }} from {{ relation }} as few where {{ is_one_of_few('few.' ~ key) }})
{%- endmacro %}
