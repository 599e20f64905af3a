{# Takes rows that are to be changed out of a table, into one of their own, where they are until `put_back`; of those
   deleted from it there nothing comes back, and none where only some `columns` of them are kept. DuckDB would write all columns that an `update` sets anew, of all rows
   near one that it changes. Elsewhere rows are changed where they are. #}
{% macro take_out(relation, condition, columns=['*']) -%}
    {{- return(adapter.dispatch('take_out', 'lifecycle')(relation, condition, columns)) -}}
{%- endmacro %}

{% macro default__take_out(relation, condition, columns) -%}
    {{- return(relation) -}}
{%- endmacro %}

{% macro duckdb__take_out(relation, condition, columns) -%}
    {%- set taken = make_scratch_table(
        taken_from(relation).identifier,
        'select rowid as taken_row, ' ~ columns | join(', ') ~ ' from ' ~ relation ~ ' where ' ~ condition
    ) -%}
    {#- From here on it is one transaction, with the model whose hook this is: no row is left out for good. -#}
    {%- call statement('take_out', fetch_result=false, auto_begin=true) -%}
        delete from {{ relation }} where {{ is_among_few('rowid', taken, 'taken_row') }}
    {%- endcall -%}
    {{- return(taken) -}}
{%- endmacro %}

{# Where they are meanwhile. #}
{% macro taken_from(relation) -%}
    {{- return(api.Relation.create(identifier=relation.identifier ~ '__taken')) -}}
{%- endmacro %}

{% macro put_back(relation, taken) -%}
    {%- do adapter.dispatch('put_back', 'lifecycle')(relation, taken) -%}
{%- endmacro %}

{% macro default__put_back(relation, taken) %}{% endmacro %}

{% macro duckdb__put_back(relation, taken) -%}
    {%- do run_statement('insert into ' ~ relation ~ ' select * exclude (taken_row) from ' ~ taken) -%}
    {%- do run_statement('drop table ' ~ taken) -%}
{%- endmacro %}
