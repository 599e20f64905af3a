{# A time as UTC; text with an offset is moved to UTC, text without one is taken to be UTC.
   Null where it is no time. Sessions run in UTC on all engines. #}
{% macro utc_timestamp(column) -%}
    {{ adapter.dispatch('utc_timestamp', 'lifecycle')(column) }}
{%- endmacro %}

{# A plain cast to timestamp would drop the offset. #}
{% macro default__utc_timestamp(column) -%}
    cast(try_cast({{ column }} as timestamp with time zone) as timestamp)
{%- endmacro %}

{% macro spark__utc_timestamp(column) -%}
    try_cast({{ column }} as timestamp)
{%- endmacro %}
