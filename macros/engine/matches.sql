{# Whether a text holds a match of a pattern (both SQL). Patterns keep to what RE2 and Java both read; there is
   one thing they read differently: in Java `$` also matches before a line feed that ends the text. #}
{% macro matches(text, pattern) -%}
    {{ adapter.dispatch('matches', 'lifecycle')(text, pattern) }}
{%- endmacro %}

{% macro default__matches(text, pattern) -%}
    regexp_matches({{ text }}, {{ pattern }})
{%- endmacro %}

{# In a literal Spark reads a backslash as an escape, and two quotes as none. #}
{% macro spark__matches(text, pattern) -%}
    {%- if pattern.startswith("'") and pattern.endswith("'") -%}
        {%- set pattern = "'" ~ pattern[1:-1] | replace("\\", "\\\\") | replace("''", "\\'") ~ "'" -%}
    {%- endif -%}
    regexp_like({{ text }}, {{ pattern }})
{%- endmacro %}
