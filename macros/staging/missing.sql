{# Why a record cannot be used: the first of the columns that is null. #}
{% macro missing(columns) -%}
    case
        {%- for column in columns %}
        when {{ column }} is null then '{{ column }} is missing'
        {%- endfor %}
    end
{%- endmacro %}
