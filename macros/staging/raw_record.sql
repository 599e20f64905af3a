{# A raw row as JSON for `rejected_records`, with (personal) in place of what could name a person.

   Escaped backslashes and quotes stand as control characters, which JSON itself never holds, while the values
   are looked for: the pattern need not know of escapes, and Java could not follow them through a long text. #}
{% macro raw_record(row) -%}
    {%- set backslash, quote = 'repeat(chr(92), 2)', 'chr(92) || chr(34)' -%}
    {%- set columns = [
        'email', 'phone', 'first_name', 'last_name', 'birth_date', 'city', 'postal_code', 'comment',
        'page_url', 'referrer', 'link_url'
    ] -%}
    {%- set masked = replace_all(
        'replace(replace(' ~ raw_row_as_json(row) ~ ', ' ~ backslash ~ ', chr(1)), ' ~ quote ~ ', chr(2))',
        '"(' ~ columns | join('|') ~ ')":("[^"]*"|-?[0-9][^,}]*)',
        '"\\1":"(personal)"'
    ) -%}
    replace(replace({{ masked }}, chr(2), {{ quote }}), chr(1), {{ backslash }})
{%- endmacro %}

{# Under the name that the column has on every engine. #}
{% macro raw_row_as_json(row) -%}
    {%- if part_column() == '_file' -%}
        {{ row_as_json(row) }}
    {%- else -%}
        replace({{ row_as_json(row) }}, '"{{ part_column() }}":', '"_file":')
    {%- endif -%}
{%- endmacro %}
