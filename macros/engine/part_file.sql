{# The name of the part file that a raw row came in, as `_file`. Iceberg keeps that name to itself, so on Spark raw
   tables have it as `_part`. #}
{% macro part_file(relation) -%}
    {{ adapter.dispatch('part_file', 'lifecycle')(relation) }}
{%- endmacro %}

{% macro default__part_file(relation) -%}
    {{ relation }}._file
{%- endmacro %}

{% macro spark__part_file(relation) -%}
    {{ relation }}._part as _file
{%- endmacro %}

{# That column's name in raw tables. #}
{% macro part_column() -%}
    {{- return(adapter.dispatch('part_column', 'lifecycle')()) -}}
{%- endmacro %}

{% macro default__part_column() -%}
    {{- return('_file') -}}
{%- endmacro %}

{% macro spark__part_column() -%}
    {{- return('_part') -}}
{%- endmacro %}
