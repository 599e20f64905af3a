{# Commits what this transaction did, and begins another one. A hook that changes rows of a table that was just made
   asks for it: DuckDB writes rows that were never committed once more if any of them is changed, and all of them
   into its log. Whatever breaks off after it finds the rows as the hook did. Elsewhere a statement is a transaction. #}
{% macro commit_so_far() -%}
    {{- adapter.dispatch('commit_so_far', 'lifecycle')() -}}
{%- endmacro %}

{% macro default__commit_so_far() %}{% endmacro %}

{% macro duckdb__commit_so_far() -%}
    {%- do run_statement('commit') -%}
    {%- do run_statement('begin transaction') -%}
{%- endmacro %}
