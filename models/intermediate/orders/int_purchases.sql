{{ config(materialized=view_or_table()) }}

{# Purchases of known people, as they stand on the as-of date. #}
select
    order_key,
    profile_id,
    order_source,
    channel,
    discount_code,
    utm_source,
    utm_medium,
    utm_campaign,
    discount_amount,
    net_revenue,
    gross_margin,
    ordered_on as purchased_on,
    ordered_at as purchased_at
from {{ portable(ref('int_orders__valued')) }}
where
    is_last_version
    and is_purchase
    and profile_id is not null
