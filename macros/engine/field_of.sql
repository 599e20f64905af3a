{# One field of a value that holds several. #}
{% macro field_of(value, name) -%}
    {{ adapter.dispatch('field_of', 'lifecycle')(value, name) }}
{%- endmacro %}

{% macro default__field_of(value, name) -%}
    struct_extract({{ value }}, '{{ name }}')
{%- endmacro %}

{% macro spark__field_of(value, name) -%}
    {{ value }}.{{ name }}
{%- endmacro %}
