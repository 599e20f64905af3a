{# The name of the part file that a raw row came in, as `_part`: Iceberg keeps the name `_file` to itself, so on
   Spark raw tables have it under that name as well. #}
{% macro part_file(relation) -%}
    {{ adapter.dispatch('part_file', 'lifecycle')(relation) }}
{%- endmacro %}

{% macro default__part_file(relation) -%}
    {{ relation }}._file as _part
{%- endmacro %}

{% macro spark__part_file(relation) -%}
    {{ relation }}._part
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
