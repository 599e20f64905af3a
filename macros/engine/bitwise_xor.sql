{# The bits in which two whole numbers differ, as a number. #}
{% macro bitwise_xor(left, right) -%}
    {{ adapter.dispatch('bitwise_xor', 'lifecycle')(left, right) }}
{%- endmacro %}

{% macro default__bitwise_xor(left, right) -%}
    xor({{ left }}, {{ right }})
{%- endmacro %}

{% macro spark__bitwise_xor(left, right) -%}
    ({{ left }} ^ {{ right }})
{%- endmacro %}
