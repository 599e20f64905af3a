{{ config(materialized=view_or_table()) }}

{# How and when each buyer was acquired: the purchase that counts as the first and stands. #}
select
    profile_id,
    acquisition_channel,
    acquisition_year,
    acquired_on
from {{ portable(ref('int_value__acquisitions')) }}
where next_seen_on is null
