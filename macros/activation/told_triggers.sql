{# The trigger ledger as the build before left it, as a query of the rows that were made with this salt; none
   before the first build. Profile ids of another salt would be strangers, and everybody new. #}
{% macro told_triggers() -%}
    {%- set relation = adapter.get_relation(
        database=state_database(),
        schema=state_schema(),
        identifier='int_activation__trigger_ledger'
    ) if execute else none -%}
    {%- if relation is none -%}
        select
            cast(null as bigint) as trigger_seq,
            cast(null as string) as profile_id,
            cast(null as string) as to_segment,
            cast(null as string) as running_campaign_id,
            cast(null as string) as definition,
            cast(null as bigint) as calibration_number,
            cast(null as bigint) as change_number,
            cast(null as date) as issued_on
        where false
    {%- else -%}
        select
            trigger_seq,
            profile_id,
            to_segment,
            running_campaign_id,
            definition,
            calibration_number,
            change_number,
            issued_on
        from {{ relation }}
        where salt_fingerprint = {{ salt_fingerprint() }}
    {%- endif -%}
{%- endmacro %}
