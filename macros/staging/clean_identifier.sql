{# An identifier as it was written, or null where the text only says that there is none. #}
{% macro clean_identifier(column) -%}
    case
        when lower(trim(cast({{ column }} as string))) not in (
            '', '-', 'null', 'none', 'nil', 'nan', 'na', 'n/a', '#n/a', 'undefined', '(not set)'
        ) then trim(cast({{ column }} as string))
    end
{%- endmacro %}
