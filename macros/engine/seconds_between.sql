{# Whole seconds from one timestamp to a later one. #}
{% macro seconds_between(earlier, later) -%}
    {{ adapter.dispatch('seconds_between', 'lifecycle')(earlier, later) }}
{%- endmacro %}

{% macro default__seconds_between(earlier, later) -%}
    cast(floor(epoch({{ later }})) - floor(epoch({{ earlier }})) as bigint)
{%- endmacro %}

{% macro spark__seconds_between(earlier, later) -%}
    unix_timestamp({{ later }}) - unix_timestamp({{ earlier }})
{%- endmacro %}
