{# The condition that an identifier of a record is one that was nobody's and is somebody's now. #}
{% macro names_found(column) -%}
    {{ column }} in (
        select found.identifier_value
        from {{ ref('int_identity__found') }} as found
        where found.identifier_type = '{{ column.split('.')[-1] }}'
    )
{%- endmacro %}
