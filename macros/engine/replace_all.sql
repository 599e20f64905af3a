{# A text (SQL) with every match of a pattern replaced. Pattern and replacement are plain text, and the
   replacement refers to nothing of the match. #}
{% macro replace_all(text, pattern, replacement) -%}
    {{ adapter.dispatch('replace_all', 'lifecycle')(text, pattern, replacement) }}
{%- endmacro %}

{% macro default__replace_all(text, pattern, replacement) -%}
    regexp_replace(
        {{ text }},
        '{{ pattern | replace("'", "''") }}',
        '{{ replacement | replace("\\", "\\\\") | replace("'", "''") }}',
        'g'
    )
{%- endmacro %}

{# In a literal Spark reads a backslash as an escape, and two quotes as none. #}
{% macro spark__replace_all(text, pattern, replacement) -%}
    {%- set replacement = replacement | replace("\\", "\\\\") | replace("$", "\\$") -%}
    regexp_replace(
        {{ text }},
        '{{ pattern | replace("\\", "\\\\") | replace("'", "\\'") }}',
        '{{ replacement | replace("\\", "\\\\") | replace("'", "\\'") }}'
    )
{%- endmacro %}
