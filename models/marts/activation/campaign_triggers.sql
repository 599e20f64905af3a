{{ config(
    materialized=incremental_or_table(),
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook='{{ forget_open_triggers() }}',
) }}

{% set told, audiences = ref('int_activation__trigger_ledger'), ref('int_activation__audiences') %}
{% if is_carried_on() %}
{% set told = rows_where(
    told,
    "is_issued or reason = 'erased' or trigger_seq > (select coalesce(max(trigger_seq), 0) from " ~ this ~ ')'
) %}
{% set audiences = rows_where(audiences, is_among_few('profile_number', 'ledger')) %}
{% endif %}
with

ledger as (

    select
        told.*,
        {{ number_of('told.profile_id') }} as profile_number
    from {{ told }} as told
    where coalesce(told.reason, '') <> 'no change'

),

{# Of people who are somewhere else by now nothing is said: another trigger does. #}
audiences as (

    select * from {{ audiences }}

)

select

    ---------- ids
    ledger.profile_id,
    ledger.started_campaign_id,
    ledger.ended_campaign_id,

    ---------- strings
    case
        when ledger.profile_id is null then 'erased'
        when ledger.from_segment is null then 'entered'
        when ledger.to_segment is null then 'left'
        else 'moved'
    end as event,
    ledger.from_segment,
    ledger.to_segment,
    ledger.reason,
    case when ledger.is_issued then audiences.channel end as channel,
    case when ledger.is_issued then audiences.left_out_reason end as left_out_reason,

    ---------- numerics
    ledger.trigger_seq,

    ---------- booleans
    ledger.is_issued,

    ---------- dates
    ledger.issued_on

from ledger
left join audiences
    on
        ledger.profile_id = audiences.profile_id
        and ledger.started_campaign_id = audiences.campaign_id
