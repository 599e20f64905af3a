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
