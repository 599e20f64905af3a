{# A time as UTC; text with an offset is moved to UTC, text without one is taken to be UTC.
   Null where it is no time. Sessions run in UTC on all engines. #}
{% macro utc_timestamp(column) -%}
    {{ adapter.dispatch('utc_timestamp', 'lifecycle')(column) }}
{%- endmacro %}

{# A plain cast of text to timestamp would drop the offset. The type of a column is known before the query
   runs, so a column that is a timestamp already does not pay for the others. #}
{% macro default__utc_timestamp(column) -%}
    case
        when typeof({{ column }}) = 'TIMESTAMP' then try_cast({{ column }} as timestamp)
        else cast(try_cast({{ column }} as timestamp with time zone) as timestamp)
    end
{%- endmacro %}

{# Spark would also read a year, a number, `now`, and a time as one of today. #}
{% macro spark__utc_timestamp(column) -%}
    {%- set pattern = "'^\\s*[0-9]{4}(-[0-9]{1,2}-|/[0-9]{1,2}/)[0-9]{1,2}([ T][0-9]{1,2}:[0-9]{1,2}"
        ~ "(:[0-9]{1,2}([.][0-9]*)?(Z| UTC|[+-][0-9]{2}(:?[0-9]{2})?)? *)?)?$'" -%}
    case
        when typeof({{ column }}) in ('timestamp', 'timestamp_ntz') then try_cast({{ column }} as timestamp)
        when {{ matches('cast(' ~ column ~ ' as string)', pattern) }}
            then try_cast(replace(cast({{ column }} as string), '/', '-') as timestamp)
    end
{%- endmacro %}
