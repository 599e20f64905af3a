{# Config of a model that is carried on: of what it holds only the rows are made anew whose key (see `is_touched`) is
   touched, that is, about which something else is known than in the last build that was finished. The others stay.
   Hook and rows are one transaction. In the model `is_touched` picks what it reads. A model of people that reads some
   kinds of records only says so by the same reasons (`by`) here and there. #}
{% macro carried_on(key, by=none) -%}
    {{- config(
        materialized=incremental_or_table(),
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook="{{ forget_touched('" ~ key ~ "', " ~ by ~ ") }}",
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

{% macro forget_touched(key, by=none) -%}
    {%- if execute and is_incremental() -%}
        delete from {{ this }} where {{ is_touched(key, by=by) }}
    {%- endif -%}
{%- endmacro %}

{# The condition that a row is to be made anew: by a column of one of the keys, or an expression for it; by the number of
   a key (`number_of`) where a large table has it. Of people it may be for some of the reasons only that
   `int_profiles__touched` has columns for. `identity` is always one of them: it tells whose all else is; or `owners`,
   which tells whose what stood is, for rows that new people have none of. #}
{% macro is_touched(column, key=none, by=none) -%}
    {%- set key = key or column.split('.')[-1] -%}
    {%- set touched = {
        'device_id': 'int_identity__touched_devices', 'identifier_hash': 'int_identity__touched_identifiers',
        'node_id': 'int_identity__touched_nodes', 'order_key': 'int_orders__touched',
        'order_number': 'int_orders__touched', 'person_id': 'int_identity__touched_people',
        'profile_id': 'int_profiles__touched', 'profile_number': 'int_profiles__touched',
        'visitor_number': 'int_web__touched',
    }[key] -%}
    {%- if not execute -%} {%- do ref(touched) -%} {%- endif -%}
    {%- if is_carried_on() -%}
        {{ column }} in (select {{ key }} from {{ ref(touched) }} where {{ is_one_of_few(key) }}
        {%- if by %} and {{ is_for_reason(by) }}{% endif -%}
        )
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{# The condition on a row that says who is touched. #}
{% macro is_for_reason(by) -%}
    (by_{{ by | join(' or by_') }})
{%- endmacro %}

{# Why somebody is touched, as columns `by_...`: an identifier came or went elsewhere; one that was there went elsewhere; or
   records of these kinds are others. #}
{% macro touched_reasons() -%}
    {{- return(['identity', 'owners', 'orders', 'visits', 'messages', 'accounts']) -}}
{%- endmacro %}

{# The condition that a record names a person who is touched, by one of these identifiers: whose it is is told by
   all of them, and only of such records has to be asked. #}
{% macro names_touched(relation, types, by=none) -%}
    {%- if not execute -%} {%- do ref('int_profiles__touched_names') -%} {%- endif -%}
    {%- if is_carried_on() -%}
        (
            {%- for type in types %}
            {{ relation }}.{{ type }} in (
                select touched_names.identifier_value
                from {{ ref('int_profiles__touched_names') }} as touched_names
                where
                    touched_names.identifier_type = '{{ type }}'
                    {%- if by %}
                    and {{ is_for_reason(by) }}
                    {%- endif %}
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
