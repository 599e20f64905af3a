{# Config of a model that is carried on (see `carried_on`) from what it knew of rows that are made anew, and of little else:
   the calls of `take_out` put them aside (`taken_from`), and those of `then` follow when they are added. #}
{% macro carried_on_from_taken(take_out, then=[]) -%}
    {%- set hooks = {'pre': [], 'post': []} -%}
    {%- for kind, calls in {'pre': take_out, 'post': ['drop_taken()'] + then}.items() -%}
        {%- for call in calls -%} {%- do hooks[kind].append('{{ ' ~ call ~ ' }}') -%} {%- endfor -%}
    {%- endfor -%}
    {{- config(
        materialized=incremental_or_table(),
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook=hooks.pre,
        post_hook=hooks.post,
    ) -}}
{%- endmacro %}

{# Takes out of a model the rows that a condition holds of; or all, for good, where all are made anew. #}
{% macro take_out_where(condition, columns=['*']) -%}
    {%- if execute and is_incremental() -%}
        {%- if is_carried_on() -%}
            {%- do take_out(this, condition, columns) -%}
        {%- else -%}
            delete from {{ this }} where true
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{# Those whose key is touched. #}
{% macro take_out_touched(key, columns=['*']) -%}
    {{- take_out_where(is_touched(key), columns) -}}
{%- endmacro %}

{# Those messages that may be another's by now, and those that are others themselves: the model adds the former anew from
   what it knew of them, and the latter from int_messages__touched. #}
{% macro take_out_touched_messages() -%}
    {{- take_out_where(meets_any(this, [
        is_touched('profile_number', by=['owners']), is_among_few('event_number', ref('int_messages__touched'))
    ])) -}}
{%- endmacro %}

{# Those addresses that may be another's by now, and those of which it may be another what came back. #}
{% macro take_out_touched_addresses() -%}
    {{- take_out_where(meets_any(this, [
        is_touched('profile_id', by=['owners']),
        is_among_few('identifier_value', ref('int_identity__touched_addresses'))
    ])) -}}
{%- endmacro %}

{# Takes out of the model those visits that may be another's by now, or brought by another message; `taken_from` holds
   them while it is built. Those of sessions that are made anew are gone by then, and so are those of sessions that name
   somebody who was not looked for. #}
{% macro take_out_touched_visits(reasons) -%}
    {%- if execute and is_incremental() and is_carried_on() -%}
        {%- do run_statement(
            'delete from ' ~ this ~ ' where session_id in (select session_id from '
            ~ sessions_naming_found() ~ ' as found)'
        ) -%}
        {%- do take_out(this, is_touched('profile_number', by=reasons)) -%}
    {%- endif -%}
{%- endmacro %}

{# As a relation. #}
{% macro sessions_naming_found() -%}
    {{- rows_where_any(
        ref('int_web__sessions'), [names_found('customer_id'), names_found('email'), names_found('anonymous_id')]
    ) -}}
{%- endmacro %}

{# When they are added anew. #}
{% macro drop_taken() -%}
    {%- if execute and is_incremental() and is_carried_on() -%}
        {%- do run_statement('drop table ' ~ taken_from(this)) -%}
    {%- endif -%}
{%- endmacro %}
