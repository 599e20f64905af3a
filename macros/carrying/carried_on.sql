{# Config of a model that is carried on: of what it holds only the rows are made anew whose key (see `is_touched`) is
   touched, that is, about which something else is known than in the last build that was finished. The others stay.
   Hook and rows are one transaction. In the model `is_touched` picks what it reads. #}
{% macro carried_on(key) -%}
    {{- config(
        materialized=incremental_or_table(),
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook="{{ forget_touched('" ~ key ~ "') }}",
    ) -}}
{%- endmacro %}

{# Elsewhere no build is known to be finished, and all is made anew. #}
{% macro incremental_or_table() -%}
    {{- return(adapter.dispatch('incremental_or_table', 'lifecycle')()) -}}
{%- endmacro %}

{% macro default__incremental_or_table() -%}
    {{- return('table') -}}
{%- endmacro %}

{% macro duckdb__incremental_or_table() -%}
    {{- return('incremental') -}}
{%- endmacro %}

{% macro forget_touched(key) -%}
    {%- if execute and is_incremental() -%}
        delete from {{ this }} where {{ is_touched(key) }}
    {%- endif -%}
{%- endmacro %}

{# The condition that a row is to be made anew: by a column of one of the keys, or an expression for it. #}
{% macro is_touched(column, key=none) -%}
    {%- set key = key or column.split('.')[-1] -%}
    {%- set touched = {
        'identifier_hash': 'int_identity__touched_identifiers', 'node_id': 'int_identity__touched_nodes',
        'order_key': 'int_orders__touched', 'person_id': 'int_identity__touched_people',
        'profile_id': 'int_profiles__touched', 'visitor_key': 'int_web__touched',
    }[key] -%}
    {%- if not execute -%} {%- do ref(touched) -%} {%- endif -%}
    {%- if is_carried_on() -%}
        {{ column }} in (select {{ key }} from {{ ref(touched) }})
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{# The condition that a record names a person who is touched, by one of these identifiers: whose it is is told by
   all of them, and only of such records has to be asked. #}
{% macro names_touched(relation, types) -%}
    {%- if not execute -%} {%- do ref('int_profiles__touched_names') -%} {%- endif -%}
    {%- if is_carried_on() -%}
        (
            {%- for type in types %}
            {{ relation }}.{{ type }} in (
                select touched_names.identifier_value
                from {{ ref('int_profiles__touched_names') }} as touched_names
                where touched_names.identifier_type = '{{ type }}'
            )
            {{- ' or' if not loop.last }}
            {%- endfor %}
        )
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{# Whether this build has but to carry on what `this` holds. #}
{% macro is_carried_on() -%}
    {{- return(execute and this is not none and is_incremental() and last_finished() is not none) -}}
{%- endmacro %}
