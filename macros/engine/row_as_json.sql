{# A value of `whole_row` as the text of a JSON object, nulls included. #}
{% macro row_as_json(row) -%}
    {{ adapter.dispatch('row_as_json', 'lifecycle')(row) }}
{%- endmacro %}

{% macro default__row_as_json(row) -%}
    cast(to_json({{ row }}) as varchar)
{%- endmacro %}

{# By itself Spark drops nulls and what is beyond milliseconds; told to keep that, it fills up with zeros. #}
{% macro spark__row_as_json(row) -%}
    regexp_replace(
        to_json({{ row }}, map(
            'ignoreNullFields', 'false',
            'timestampFormat', 'yyyy-MM-dd HH:mm:ss.SSSSSS',
            'timestampNTZFormat', 'yyyy-MM-dd HH:mm:ss.SSSSSS'
        )),
        '(:"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2})(?:([.][0-9]*[1-9])0+|[.]0+)"',
        '$1$2"'
    )
{%- endmacro %}
