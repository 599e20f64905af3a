{{ config(materialized=view_or_table()) }}

select

    ---------- strings
    channel,
    campaign,
    currency,

    ---------- numerics
    cost,
    impressions,
    clicks,
    rate_to_reporting,

    ---------- dates
    spend_date

from {{ portable(ref('base_ads__spend')) }}
where is_kept
