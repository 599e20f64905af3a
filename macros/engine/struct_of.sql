{# Columns as one value with a field for each, of its name. #}
{% macro struct_of(columns) -%}
    {{ adapter.dispatch('struct_of', 'lifecycle')(columns) }}
{%- endmacro %}

{% macro default__struct_of(columns) -%}
    struct_pack({% for column in columns %}{{ column }} := {{ column }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}

{% macro spark__struct_of(columns) -%}
    struct({{ columns | join(', ') }})
{%- endmacro %}
