{# Why a record cannot be read: the first of the columns that holds text which is no value of its type.
   Blank text is no value at all. `columns` maps column to type, as in {'ordered_at': 'timestamp'}. #}
{% macro not_castable(relation, columns) -%}
    case
        {%- for column, data_type in columns.items() %}
        when
            {{ relation }}.{{ column }} is not null
            and not ({{ castable(relation ~ '.' ~ column, data_type) }})
            and {{ trimmed(relation ~ '.' ~ column) }} <> ''
            then '{{ column }} is not a {{ data_type.split('(')[0] }}'
        {%- endfor %}
    end
{%- endmacro %}
