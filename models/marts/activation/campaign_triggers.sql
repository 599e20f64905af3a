{{ config(
    materialized=incremental_or_table(),
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook='{{ forget_open_triggers() }}',
) }}

{% set is_open = (
    "(ledger.is_issued or ledger.reason = 'erased' or ledger.trigger_seq > kept.last_seq)"
) if is_carried_on() else 'true' %}
with

{% if is_carried_on() %}
kept as (

    select coalesce(max(trigger_seq), 0) as last_seq
    from {{ this }}

),
{% endif %}

ledger as (

    select ledger.*
    from {{ ref('int_activation__trigger_ledger') }} as ledger
    {%- if is_carried_on() %}
    cross join kept
    {%- endif %}
    where
        coalesce(ledger.reason, '') <> 'no change'
        and {{ is_open }}

),

{# Of people who are somewhere else by now nothing is said: another trigger does. #}
audiences as (

    select * from {{ ref('campaign_audiences') }}

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
