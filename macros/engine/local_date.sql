{# The day, in `reporting_timezone`, of a UTC timestamp. #}
{% macro local_date(timestamp) -%}
    {%- if var('reporting_timezone') == 'UTC' -%}
        cast({{ timestamp }} as date)
    {%- else -%}
        {{ adapter.dispatch('local_date', 'lifecycle')(timestamp, var('reporting_timezone')) }}
    {%- endif -%}
{%- endmacro %}

{% macro default__local_date(timestamp, timezone) -%}
    cast({{ timestamp }} at time zone 'UTC' at time zone '{{ timezone }}' as date)
{%- endmacro %}

{% macro spark__local_date(timestamp, timezone) -%}
    cast(from_utc_timestamp({{ timestamp }}, '{{ timezone }}') as date)
{%- endmacro %}
