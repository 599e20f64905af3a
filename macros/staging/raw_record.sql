{# The raw row as JSON for `rejected_records`, with (personal) in place of what could name a person. #}
{% macro raw_record(relation, personal=[]) -%}
    {%- set json = namespace(sql=record_as_json(relation)) -%}
    {%- for column in personal -%}
        {%- set json.sql = replace_all(
            json.sql,
            '"' ~ column ~ '":("([^"\\\\]|\\\\.)*"|[0-9][^,}]*)',
            '"' ~ column ~ '":"(personal)"'
        ) -%}
    {%- endfor -%}
    {{ json.sql }}
{%- endmacro %}
