{# Whole seconds from one timestamp to a later one, each without its fraction. #}
{% macro seconds_between(earlier, later) -%}
    {{ adapter.dispatch('seconds_between', 'lifecycle')(earlier, later) }}
{%- endmacro %}

{% macro default__seconds_between(earlier, later) -%}
    cast(floor(epoch({{ later }})) - floor(epoch({{ earlier }})) as bigint)
{%- endmacro %}

{% macro spark__seconds_between(earlier, later) -%}
    (unix_seconds(cast({{ later }} as timestamp)) - unix_seconds(cast({{ earlier }} as timestamp)))
{%- endmacro %}
