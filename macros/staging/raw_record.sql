{# A raw row as JSON for `rejected_records`, with (personal) in place of what could name a person. #}
{% macro raw_record(row) -%}
    {%- set json = namespace(sql=row_as_json(row)) -%}
    {%- for column in [
        'email', 'phone', 'first_name', 'last_name', 'birth_date', 'city', 'postal_code', 'comment'
    ] -%}
        {%- set json.sql = replace_all(
            json.sql,
            '"' ~ column ~ '":("([^"\\\\]|\\\\.)*"|[0-9][^,}]*)',
            '"' ~ column ~ '":"(personal)"'
        ) -%}
    {%- endfor -%}
    {{ json.sql }}
{%- endmacro %}
