{# How to materialize what is cheap to read anew: a view, but not every catalog of Spark knows views. #}
{% macro view_or_table() -%}
    {{- return(adapter.dispatch('view_or_table', 'lifecycle')()) -}}
{%- endmacro %}

{% macro default__view_or_table() -%}
    {{- return('view') -}}
{%- endmacro %}

{% macro spark__view_or_table() -%}
    {{- return('table') -}}
{%- endmacro %}

{# To be called when rows of a table have changed, for a model of `view_or_table` that shows those which are kept. #}
{% macro keep_up(model, source) -%}
    {{- adapter.dispatch('keep_up', 'lifecycle')(model, source) -}}
{%- endmacro %}

{% macro default__keep_up(model, source) %}{% endmacro %}

{% macro spark__keep_up(model, source) -%}
    {%- set columns = adapter.get_columns_in_relation(model) | map(attribute='name') | join(', ') -%}
    {%- do run_statement('delete from ' ~ model ~ ' where true') -%}
    {%- do run_statement(
        'insert into ' ~ model ~ ' (' ~ columns ~ ') select ' ~ columns ~ ' from ' ~ source ~ ' where is_kept'
    ) -%}
{%- endmacro %}
