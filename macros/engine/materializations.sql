{# Tables, views and incremental tables on DuckDB, in one transaction each, as dbt-duckdb has them, but with fewer calls
   of the adapter: each `adapter.rename_relation`, `drop_relation` or `get_columns_in_relation` makes dbt put the names
   of a thousand macros together again, 20 ms that a build of two hundred models pays five hundred times. What comes
   is added to incremental tables as it is found, and lies in no temporary table before, unless rows of its keys have to
   go first. Left out is what no model here asks for: Python, foreign keys, grants, DuckLake's partitions. #}
{% materialization table, adapter='duckdb' %}
    {%- set target = this.incorporate(type='table') -%}
    {{- run_hooks(pre_hooks, inside_transaction=false) -}}
    {{- run_hooks(pre_hooks, inside_transaction=true) -}}
    {%- do build_table(load_cached_relation(this), target, compiled_code) -%}
    {%- do persist_docs(target, model) -%}
    {{- run_hooks(post_hooks, inside_transaction=true) -}}
    {%- do adapter.commit() -%}
    {{- run_hooks(post_hooks, inside_transaction=false) -}}
    {{- return({'relations': [target]}) -}}
{% endmaterialization %}

{% materialization view, adapter='duckdb' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='view') -%}
    {{- run_hooks(pre_hooks, inside_transaction=false) -}}
    {{- run_hooks(pre_hooks, inside_transaction=true) -}}
    {%- call statement('main') -%}
        {{- sql_to_drop(existing) -}}
        {{- get_create_view_as_sql(target, compiled_code) -}}
    {%- endcall -%}
    {%- do persist_docs(target, model) -%}
    {{- run_hooks(post_hooks, inside_transaction=true) -}}
    {%- do adapter.commit() -%}
    {{- run_hooks(post_hooks, inside_transaction=false) -}}
    {{- return({'relations': [target]}) -}}
{% endmaterialization %}

{% materialization incremental, adapter='duckdb' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='table') -%}
    {{- run_hooks(pre_hooks, inside_transaction=false) -}}
    {{- run_hooks(pre_hooks, inside_transaction=true) -}}
    {%- if existing is none or existing.is_view or should_full_refresh() -%}
        {%- do build_table(existing, target, compiled_code) -%}
    {%- elif config.get('incremental_strategy') == 'append' -%}
        {%- set columns = columns_to_add(target, compiled_code) -%}
        {%- call statement('main') -%}
            insert into {{ target }} ({{ columns }}) select {{ columns }} from ({{ compiled_code }})
        {%- endcall -%}
    {%- else -%}
        {%- do replace_rows(target, compiled_code) -%}
    {%- endif -%}
    {%- do persist_docs(target, model) -%}
    {{- run_hooks(post_hooks, inside_transaction=true) -}}
    {%- do adapter.commit() -%}
    {{- run_hooks(post_hooks, inside_transaction=false) -}}
    {{- return({'relations': [target]}) -}}
{% endmaterialization %}

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

{# The strategy delete+insert. #}
{% macro replace_rows(target, query) -%}
    {%- set keys = [config.get('unique_key')] if config.get('unique_key') is string else config.get('unique_key') -%}
    {%- set coming = make_scratch_table(target.identifier ~ '__coming', query) -%}
    {%- set columns = columns_to_add(target, 'from ' ~ coming) -%}
    {%- call statement('main') -%}
        delete from {{ target }} as kept
        using {{ coming }} as coming
        where
            {%- for key in keys %}
            {{ 'and ' if not loop.first }}kept.{{ key }} = coming.{{ key }}
            {%- endfor %};
        insert into {{ target }} ({{ columns }}) select {{ columns }} from {{ coming }}
    {%- endcall -%}
    {%- do run_statement('drop table ' ~ coming) -%}
{%- endmacro %}

{# The columns of a table, if a query has the same ones: `on_schema_change='fail'`. #}
{% macro columns_to_add(target, query) -%}
    {%- set found = [] -%}
    {%- for part in [target, '(' ~ query ~ ')'] -%}
        {%- set columns = {} -%}
        {%- for row in run_query('select column_name, column_type from (describe ' ~ part ~ ')').rows -%}
            {%- do columns.update({row[0]: row[1]}) -%}
        {%- endfor -%}
        {%- do found.append(columns) -%}
    {%- endfor -%}
    {%- if found[0] != found[1] -%}
        {%- do exceptions.raise_compiler_error(
            target ~ ' has the columns ' ~ found[0] ~ ', and what comes has ' ~ found[1] ~ '. '
            ~ ('It is state, which is never made anew: change its columns by `alter table`.'
               if config.get('full_refresh') is false else 'Build it anew: dbt build --full-refresh.')
        ) -%}
    {%- endif -%}
    {%- set quoted = [] -%}
    {%- for name in found[0] -%}
        {%- do quoted.append(adapter.quote(name)) -%}
    {%- endfor -%}
    {{- return(quoted | join(', ')) -}}
{%- endmacro %}
