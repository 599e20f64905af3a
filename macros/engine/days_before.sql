{# The date that lies a number of days before another. #}
{% macro days_before(date, days) -%}
    cast({{ date }} - interval '{{ days }}' day as date)
{%- endmacro %}
