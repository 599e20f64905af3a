{# An identifier as it was written, or null where the text only says that there is none. #}
{% macro clean_identifier(column) -%}
    case
        when lower({{ trimmed(column) }}) not in (
            '', '-', 'null', 'none', 'nil', 'nan', 'na', 'n/a', '#n/a', 'undefined', '(not set)'
        ) then {{ trimmed(column) }}
    end
{%- endmacro %}
