{# Makes a table for the statements that follow, and returns it: who made it drops it. It holds its rows, whatever
   becomes of the tables that the query reads; a temporary view of Spark would not. #}
{% macro make_scratch_table(name, query) -%}
    {{- return(adapter.dispatch('make_scratch_table', 'lifecycle')(name, query)) -}}
{%- endmacro %}

{% macro default__make_scratch_table(name, query) -%}
    {%- set relation = api.Relation.create(identifier=name) -%}
    {%- do run_statement(create_table_as(True, relation, query)) -%}
    {{- return(relation) -}}
{%- endmacro %}

{% macro spark__make_scratch_table(name, query) -%}
    {%- set relation = api.Relation.create(schema=this.schema, identifier=name, type='table') -%}
    {%- do run_statement(create_table_as(False, relation, query)) -%}
    {{- return(relation) -}}
{%- endmacro %}
