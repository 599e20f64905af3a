{# Where the state lives that no raw data can bring back: on DuckDB a file of its own, on Spark a schema. #}
{% macro state_database() -%}
    {{- return(adapter.dispatch('state_database', 'lifecycle')()) -}}
{%- endmacro %}

{% macro default__state_database() -%}
    {{- return(target.get('database')) -}}
{%- endmacro %}

{% macro duckdb__state_database() -%}
    {{- return('state') -}}
{%- endmacro %}

{% macro state_schema() -%}
    {{- return(adapter.dispatch('state_schema', 'lifecycle')()) -}}
{%- endmacro %}

{% macro default__state_schema() -%}
    {{- return('intermediate') -}}
{%- endmacro %}

{% macro spark__state_schema() -%}
    {{- return('state') -}}
{%- endmacro %}
