{# Where the state lives that no raw data can bring back: on DuckDB a file of its own. #}
{% macro state_database() -%}
    {{- return(adapter.dispatch('state_database', 'lifecycle')()) -}}
{%- endmacro %}

{% macro default__state_database() -%}
    {{- return(target.get('database')) -}}
{%- endmacro %}

{% macro duckdb__state_database() -%}
    {{- return('state') -}}
{%- endmacro %}
