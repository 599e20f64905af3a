{# A list of words as SQL literals. #}
{% macro quoted(words) -%}
    {%- for word in words -%}
        '{{ word | string | lower | replace("'", "''") }}'{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
