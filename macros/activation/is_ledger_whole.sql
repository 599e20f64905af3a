{# Whether the trigger ledger says of everybody where he was in the last finished build: it does not after a build that
   looked into the past, nor if it is another one. #}
{% macro is_ledger_whole() -%}
    {%- if not execute or not is_ledger_known() -%}
        {{- return(false) -}}
    {%- endif -%}
    {%- set sql -%}
        select max(issued_on) <= date '{{ last_finished().as_of_date }}'
        from {{ state_table('int_activation__trigger_ledger') }}
    {%- endset -%}
    {{- return(run_query(sql).columns[0].values()[0]) -}}
{%- endmacro %}

{# Whether the trigger ledger is the one that `campaign_triggers` was made of, or has gone on since: it may have been lost,
   or exchanged for an older one. The last row that the mart has is there, if it is. #}
{% macro is_ledger_known() -%}
    {%- set ledger = state_table('int_activation__trigger_ledger') -%}
    {%- set triggers = left_table('marts', 'campaign_triggers') -%}
    {%- if not execute or ledger is none or triggers is none -%}
        {{- return(false) -}}
    {%- endif -%}
    {%- set sql -%}
        select count(*) = 1
        from {{ triggers }} as told
        inner join {{ ledger }} as ledger
            on
                told.trigger_seq = ledger.trigger_seq
                and (told.profile_id is not distinct from ledger.profile_id or ledger.reason = 'erased')
        where told.trigger_seq = (select max(last_row.trigger_seq) from {{ triggers }} as last_row)
    {%- endset -%}
    {{- return(run_query(sql).columns[0].values()[0]) -}}
{%- endmacro %}
