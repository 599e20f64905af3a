{# A number for a source table and the identifiers that its records name together, out of the numbers of these, in
   columns `<type>_node`. By one number combinations are looked up faster than by all, any of which may be null. #}
{% macro combination_number(source_table) -%}
    {%- set found = namespace(number=hash_number(source_table)) -%}
    {%- for identifier in linking_types() -%}
        {%- set found.number = bitwise_xor(found.number, 'coalesce(' ~ identifier ~ '_node, 0)') -%}
    {%- endfor -%}
    {{ found.number }}
{%- endmacro %}
