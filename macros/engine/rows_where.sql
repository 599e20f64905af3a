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

{# The rows of a table for which one of several conditions holds. #}
{% macro rows_where_any(table, conditions) -%}
    (select * from {{ table }} where {{ meets_any(table, conditions) }})
{%- endmacro %}

{# The condition on a row of a table that one of several holds. DuckDB asks `or` of all rows, and reads all of their
   columns for it; each condition by itself is a look at one column. #}
{% macro meets_any(table, conditions) -%}
    {{- adapter.dispatch('meets_any', 'lifecycle')(table, conditions) -}}
{%- endmacro %}

{% macro default__meets_any(table, conditions) -%}
    rowid in (
        {%- for condition in conditions %}
        select rowid from {{ table }} where {{ condition }}
        {{- ' union all' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{% macro spark__meets_any(table, conditions) -%}
    ({{ conditions | join(' or ') }})
{%- endmacro %}
