{# Runs a statement that gives no rows: of such a one, not every engine lets a result be fetched. #}
{% macro run_statement(sql) -%}
    {%- call statement('run_statement', fetch_result=false, auto_begin=false) -%} {{ sql }} {%- endcall -%}
{%- endmacro %}
