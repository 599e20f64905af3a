{{ config(materialized=view_or_table()) }}

{# Purchases of known people as they were seen over time: what was sent back later was one until then. #}
select
    order_key,
    profile_id,
    profile_number,
    order_source,
    utm_source,
    utm_medium,
    utm_campaign,
    net_revenue,
    gross_margin,
    is_discounted,
    ordered_on as purchased_on,
    seen_on,
    next_seen_on,
    ordered_at as purchased_at
from {{ portable(ref('int_orders__valued')) }}
where
    is_purchase
    and profile_id is not null
