{# Takes out of a model the rows whose key is touched (see `carried_on`): they are made anew from what it knew of them
   (`taken_from`), and of little else. #}
{% macro take_out_touched(key) -%}
    {%- if execute and is_incremental() -%}
        {%- if is_carried_on() -%}
            {%- do take_out(this, is_touched(key)) -%}
        {%- else -%}
            delete from {{ this }} where true
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{# Takes out of the model those messages that may be another's by now, and those that are others themselves: it adds the
   former anew from what it knew of them, and the latter from int_messages__touched. #}
{% macro take_out_touched_messages() -%}
    {{- take_out_any([
        is_touched('profile_number', by=['owners']), is_among_few('event_number', ref('int_messages__touched'))
    ]) -}}
{%- endmacro %}

{# The same of addresses, and of those of which it may be another what came back. #}
{% macro take_out_touched_addresses() -%}
    {{- take_out_any([
        is_touched('profile_id', by=['owners']),
        is_among_few('identifier_value', ref('int_identity__touched_addresses'))
    ]) -}}
{%- endmacro %}

{# Takes out of the model the rows of which one of several conditions holds. #}
{% macro take_out_any(conditions) -%}
    {%- if execute and is_incremental() -%}
        {%- if is_carried_on() -%}
            {%- do take_out(this, meets_any(this, conditions)) -%}
        {%- else -%}
            delete from {{ this }} where true
        {%- endif -%}
    {%- endif -%}
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
