{# Hook of the triggers: the audience of a trigger that was issued may be another today, and who was erased is not named
   any more. All others say what they said. #}
{% macro forget_open_triggers() -%}
    {%- if execute and is_incremental() -%}
        {%- if is_carried_on() and is_ledger_known() -%}
            delete from {{ this }}
            where
                is_issued
                or trigger_seq in (
                    select ledger.trigger_seq
                    from {{ ref('int_activation__trigger_ledger') }} as ledger
                    where ledger.reason = 'erased'
                )
        {%- else -%}
            delete from {{ this }} where true
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
