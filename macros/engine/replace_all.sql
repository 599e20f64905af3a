{# A text (SQL) with every match of a pattern replaced. Pattern and replacement are plain text; in the
   replacement `\1` is what the pattern's first group holds, and a backslash itself is doubled. #}
{% macro replace_all(text, pattern, replacement) -%}
    {{ adapter.dispatch('replace_all', 'lifecycle')(text, pattern, replacement) }}
{%- endmacro %}

{% macro default__replace_all(text, pattern, replacement) -%}
    regexp_replace(
        {{ text }}, '{{ pattern | replace("'", "''") }}', '{{ replacement | replace("'", "''") }}', 'g'
    )
{%- endmacro %}

{# In a literal Spark reads a backslash as an escape, and two quotes as none. #}
{% macro spark__replace_all(text, pattern, replacement) -%}
    {%- set replacement = replacement | replace("$", "\\$") | replace("\\1", "$1") -%}
    regexp_replace(
        {{ text }},
        '{{ pattern | replace("\\", "\\\\") | replace("'", "\\'") }}',
        '{{ replacement | replace("\\", "\\\\") | replace("'", "\\'") }}'
    )
{%- endmacro %}
