{# A text as a whole number from 0 to 2^60 - 1: the first 15 hex digits of its md5. #}
{% macro hash_number(text) -%}
    {{ adapter.dispatch('hash_number', 'lifecycle')(text) }}
{%- endmacro %}

{% macro default__hash_number(text) -%}
    cast('0x' || substr(md5({{ text }}), 1, 15) as bigint)
{%- endmacro %}

{% macro spark__hash_number(text) -%}
    cast(conv(substr(md5({{ text }}), 1, 15), 16, 10) as bigint)
{%- endmacro %}
