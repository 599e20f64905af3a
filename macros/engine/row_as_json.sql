{# A value of `whole_row` as the text of a JSON object, nulls included. #}
{% macro row_as_json(row) -%}
    {{ adapter.dispatch('row_as_json', 'lifecycle')(row) }}
{%- endmacro %}

{% macro default__row_as_json(row) -%}
    cast(to_json({{ row }}) as varchar)
{%- endmacro %}

{# By itself Spark drops nulls and what is beyond milliseconds. #}
{% macro spark__row_as_json(row) -%}
    to_json({{ row }}, map(
        'ignoreNullFields', 'false',
        'timestampFormat', 'yyyy-MM-dd HH:mm:ss.SSSSSS',
        'timestampNTZFormat', 'yyyy-MM-dd HH:mm:ss.SSSSSS'
    ))
{%- endmacro %}
