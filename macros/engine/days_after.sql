{# The date that lies a number of days, any expression, after another; null where either is. #}
{% macro days_after(date, days) -%}
    {{ adapter.dispatch('days_after', 'lifecycle')(date, days) }}
{%- endmacro %}

{% macro default__days_after(date, days) -%}
    (cast({{ date }} as date) + cast({{ days }} as integer))
{%- endmacro %}

{% macro spark__days_after(date, days) -%}
    date_add(cast({{ date }} as date), cast({{ days }} as integer))
{%- endmacro %}
