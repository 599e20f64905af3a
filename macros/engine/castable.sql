{# Whether a column holds a value of a type, or text that reads as one. #}
{% macro castable(column, data_type) -%}
    {{ adapter.dispatch('castable', 'lifecycle')(column, data_type) }}
{%- endmacro %}

{% macro default__castable(column, data_type) -%}
    try_cast({{ column }} as {{ data_type }}) is not null
{%- endmacro %}

{% macro spark__castable(column, data_type) -%}
    {%- if data_type == 'timestamp' -%}
        {{ utc_timestamp(column) }} is not null
    {%- else -%}
        try_cast({{ column }} as {{ data_type }}) is not null
    {%- endif -%}
{%- endmacro %}
