{# Why a time cannot be: before 1990, or more than a day after the record's arrival. #}
{% macro implausible_time(column) -%}
    case
        when {{ column }} < timestamp '1990-01-01 00:00:00' then '{{ column }} is before 1990'
        when {{ column }} > _loaded_at + interval '24' hour
            then '{{ column }} is more than 24 hours after its arrival'
    end
{%- endmacro %}
