{# Whether a text holds a match of a pattern (both SQL). Patterns keep to what RE2 and Java both read. #}
{% macro matches(text, pattern) -%}
    {{ adapter.dispatch('matches', 'lifecycle')(text, pattern) }}
{%- endmacro %}

{% macro default__matches(text, pattern) -%}
    regexp_matches({{ text }}, {{ pattern }})
{%- endmacro %}

{% macro spark__matches(text, pattern) -%}
    {{ text }} rlike {{ pattern }}
{%- endmacro %}
