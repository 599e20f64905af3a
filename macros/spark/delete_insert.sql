{# The strategy delete+insert, which dbt-spark does not know: rows of the keys that come again go, and those that
   come are added. Its own macros are named so, and dbt takes ours. Two commits: what breaks off in between leaves
   people without rows, of whom the next build knows nothing and tells all anew. #}
{% macro dbt_spark_validate_get_incremental_strategy(raw_strategy, file_format) %}
    {%- if raw_strategy not in ['append', 'delete+insert'] or file_format not in ['iceberg', 'delta', 'hudi'] -%}
        {%- do exceptions.raise_compiler_error(
            'No incremental model can be ' ~ raw_strategy ~ ' in ' ~ file_format ~ ': it takes append or delete+insert, '
            ~ 'and tables of which rows can be deleted.'
        ) -%}
    {%- endif -%}
    {{ return(raw_strategy) }}
{% endmacro %}

{% macro dbt_spark_get_incremental_sql(strategy, source, target, existing, unique_key, incremental_predicates) %}
    {%- if strategy == 'delete+insert' -%}
        {%- set keys = [unique_key] if unique_key is string else unique_key -%}
        {%- set same = [] -%}
        {%- for key in keys -%}
            {%- do same.append('coming.' ~ key ~ ' = kept.' ~ key) -%}
        {%- endfor -%}
        {%- do run_statement(
            'delete from ' ~ target ~ ' as kept where exists (select 1 from ' ~ source ~ ' as coming where '
            ~ same | join(' and ') ~ ')'
        ) -%}
    {%- endif -%}
    {{ get_insert_into_sql(source, target) }}
{% endmacro %}
