{# Tables, views and incremental tables on DuckDB, in one transaction each, as dbt-duckdb has them, but with fewer calls
   of the adapter: each `adapter.rename_relation`, `drop_relation` or `get_columns_in_relation` makes dbt put the names
   of a thousand macros together again, 20 ms that a build of two hundred models pays five hundred times. What comes
   is added to incremental tables as it is found, and lies in no temporary table before, unless rows of its keys have to
   go first. Left out is what no model here asks for: Python, foreign keys, grants, DuckLake's partitions. #}
{% materialization table, adapter='duckdb' %}
    {%- set target = this.incorporate(type='table') -%}
    {%- call in_one_transaction(target) -%}
        {%- do build_table(load_cached_relation(this), target, compiled_code) -%}
    {%- endcall -%}
    {{- return({'relations': [target]}) -}}
{% endmaterialization %}

{% materialization view, adapter='duckdb' %}
    {%- set target = this.incorporate(type='view') -%}
    {%- call in_one_transaction(target) -%}
        {%- call statement('main') -%}
            {{- sql_to_drop(load_cached_relation(this)) -}}
            {{- get_create_view_as_sql(target, compiled_code) -}}
        {%- endcall -%}
    {%- endcall -%}
    {{- return({'relations': [target]}) -}}
{% endmaterialization %}

{% materialization incremental, adapter='duckdb' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='table') -%}
    {%- call in_one_transaction(target) -%}
        {%- if existing is none or existing.is_view or should_full_refresh() -%}
            {%- do build_table(existing, target, compiled_code) -%}
        {%- elif config.get('incremental_strategy') == 'append' -%}
            {%- set columns = columns_to_add(target, compiled_code) -%}
            {%- call statement('main') -%}
                {{ get_insert_into_sql(target, '(' ~ compiled_code ~ ')', columns) }}
            {%- endcall -%}
        {%- else -%}
            {%- set coming = make_scratch_table(target.identifier ~ '__coming', compiled_code) -%}
            {%- set columns = columns_to_add(target, 'select * from ' ~ coming) -%}
            {%- call statement('main') -%}
                {{ get_delete_insert_merge_sql(target, coming, config.get('unique_key'), columns, none) }}
            {%- endcall -%}
            {%- do run_statement('drop table ' ~ coming) -%}
        {%- endif -%}
    {%- endcall -%}
    {{- return({'relations': [target]}) -}}
{% endmaterialization %}

{# What is called, with the hooks around it. #}
{% macro in_one_transaction(target) -%}
    {{- run_hooks(pre_hooks, inside_transaction=false) -}}
    {{- run_hooks(pre_hooks, inside_transaction=true) -}}
    {{- caller() -}}
    {%- do persist_docs(target, model) -%}
    {{- run_hooks(post_hooks, inside_transaction=true) -}}
    {%- do adapter.commit() -%}
    {{- run_hooks(post_hooks, inside_transaction=false) -}}
{%- endmacro %}

{# A table may be made of its rows so far: it is there until its heir is. #}
{% macro build_table(existing, target, query) -%}
    {%- set coming = target if existing is none else make_intermediate_relation(target) -%}
    {%- call statement('main') -%} {{ create_table_as(false, coming, query) }} {%- endcall -%}
    {%- if existing is not none -%}
        {%- do run_statement(
            sql_to_drop(existing) ~ 'alter table ' ~ coming ~ ' rename to ' ~ adapter.quote(target.identifier)
        ) -%}
    {%- endif -%}
    {%- do create_indexes(target) -%}
{%- endmacro %}

{% macro sql_to_drop(existing) -%}
    {%- if existing is not none -%} drop {{ existing.type }} if exists {{ existing }}; {% endif -%}
{%- endmacro %}

{# The columns of a table, if a query has the same ones: `on_schema_change='fail'`. #}
{% macro columns_to_add(target, query) -%}
    {%- set kept = get_column_schema_from_query('select * from ' ~ target) -%}
    {%- set coming = get_column_schema_from_query(query) -%}
    {%- if diff_columns(coming, kept) or diff_columns(kept, coming) or diff_column_data_types(coming, kept) -%}
        {%- do exceptions.raise_compiler_error(
            target ~ ' has the columns ' ~ kept ~ ', and what comes has ' ~ coming ~ '. '
            ~ ('It is state, which is never made anew: change its columns by `alter table`.'
               if config.get('full_refresh') is false else 'Build it anew: dbt build --full-refresh.')
        ) -%}
    {%- endif -%}
    {{- return(kept) -}}
{%- endmacro %}
