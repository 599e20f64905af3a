{# The trigger ledger as the build before left it, as a query of the rows that were made with this salt; none
   before the first build. Profile ids of another salt would be strangers, and everybody new. #}
{% macro told_triggers() -%}
    {{ rows_if_any(
        state_table('int_activation__trigger_ledger'),
        {
            'trigger_seq': 'bigint', 'profile_id': 'string', 'to_segment': 'string', 'running_campaign_id': 'string',
            'definition': 'string', 'calibration_number': 'bigint', 'change_number': 'bigint', 'issued_on': 'date'
        },
        'salt_fingerprint = ' ~ salt_fingerprint()
    ) }}
{%- endmacro %}
