{# All columns of a row of the aliased relation, as the text of a JSON object. #}
{% macro record_as_json(relation) -%}
    {{ adapter.dispatch('record_as_json', 'lifecycle')(relation) }}
{%- endmacro %}

{% macro default__record_as_json(relation) -%}
    cast(to_json({{ relation }}) as varchar)
{%- endmacro %}

{% macro spark__record_as_json(relation) -%}
    to_json(struct({{ relation }}.*), map('ignoreNullFields', 'false'))
{%- endmacro %}
