{# Visitors who are touched, and the time from which on their sessions may be others, as a query. #}
{% macro touched_visitors() -%}
    {%- if not execute -%} {%- do ref('int_web__touched') -%} {%- endif -%}
    {%- if is_carried_on() -%}
        select
            visitor_key,
            visitor_number,
            min(coalesce(touched_from, timestamp '1970-01-01 00:00:00')) as touched_from
        from {{ ref('int_web__touched') }}
        group by visitor_key, visitor_number
    {%- endif -%}
{%- endmacro %}

{% macro forget_touched_sessions() -%}
    {%- if execute and is_incremental() -%}
        {%- if is_carried_on() -%}
            delete from {{ this }} as sessions
            using ({{ touched_visitors() }}) as touched
            where
                sessions.visitor_number = touched.visitor_number
                and sessions.started_at >= touched.touched_from
        {%- else -%}
            delete from {{ this }} where true
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
