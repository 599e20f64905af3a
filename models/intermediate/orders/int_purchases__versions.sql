{{ carried_on('order_key') }}

{# Purchases of known people as they were seen over time: what was sent back later was one until then. #}
select
    order_key,
    profile_id,
    net_revenue,
    gross_margin,
    ordered_on as purchased_on,
    seen_on,
    next_seen_on
from {{ ref('int_orders__valued') }}
where
    is_purchase
    and profile_id is not null
    and {{ is_touched('order_key') }}
