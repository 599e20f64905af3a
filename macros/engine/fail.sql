{# An expression that stops the query with a message (SQL text) when it is evaluated. #}
{% macro fail(message) -%}
    {{ adapter.dispatch('fail', 'lifecycle')(message) }}
{%- endmacro %}

{% macro default__fail(message) -%}
    error({{ message }})
{%- endmacro %}

{% macro spark__fail(message) -%}
    raise_error({{ message }})
{%- endmacro %}
