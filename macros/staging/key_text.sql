{# The key of a record as one text; parts that are null count as empty. #}
{% macro key_text(columns) -%}
    {%- if columns | length == 1 -%}
        cast({{ columns[0] }} as string)
    {%- else -%}
        concat_ws('|', {% for column in columns -%}
            coalesce(cast({{ column }} as string), ''){{ ', ' if not loop.last }}
        {%- endfor %})
    {%- endif -%}
{%- endmacro %}
