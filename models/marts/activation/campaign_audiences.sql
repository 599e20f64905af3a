{{ config(materialized=view_or_table()) }}

with

audiences as (

    select * from {{ portable(ref('int_activation__audiences')) }}

)

select

    ---------- ids
    profile_id,
    campaign_id,

    ---------- strings
    segment,
    channel,
    offer_class,
    left_out_reason,

    ---------- numerics
    audience_rank,
    predicted_clv,

    ---------- booleans
    is_in_audience,

    ---------- dates
    last_sent_on

from audiences
