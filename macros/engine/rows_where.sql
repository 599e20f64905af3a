{# The rows of a table for which a condition holds, as a relation. DuckDB reads all columns of all rows before it
   joins them with those that are asked for; by their numbers it reads on from the first of them alone, which for
   rows that are the last is nothing of the others but what the condition asks for. #}
{% macro rows_where(table, condition) -%}
    {{- adapter.dispatch('rows_where', 'lifecycle')(table, condition) -}}
{%- endmacro %}

{% macro default__rows_where(table, condition) -%}
    (select * from {{ table }} where rowid in (select rowid from {{ table }} where {{ condition }}))
{%- endmacro %}

{% macro spark__rows_where(table, condition) -%}
    (select * from {{ table }} where {{ condition }})
{%- endmacro %}
