{# The rows of a table for which a condition holds, as a relation: where few do that lie near each other, nothing else is
   read of all others than what the condition asks for. DuckDB reads all columns of a row before it joins, but knows
   from which rows on it has to. #}
{% macro rows_where(table, condition) -%}
    {{- adapter.dispatch('rows_where', 'lifecycle')(table, condition) -}}
{%- endmacro %}

{% macro default__rows_where(table, condition) -%}
    (select * from {{ table }} where rowid in (select rowid from {{ table }} where {{ condition }}))
{%- endmacro %}

{% macro spark__rows_where(table, condition) -%}
    (select * from {{ table }} where {{ condition }})
{%- endmacro %}
