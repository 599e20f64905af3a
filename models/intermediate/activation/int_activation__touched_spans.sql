{# Of people who are touched in activation their history, looked for once for all models of it (`of_touched`).
   Nobody is touched where all is made anew. #}
select
    profile_id,
    definition_hash,
    segment,
    recency_score,
    order_count,
    net_revenue,
    lifetime_order_count,
    from_period_number,
    until_period_number,
    is_engaged,
    last_purchased_on
from {{ ref('int_segments__spans') }}
where {{ is_among_few('profile_number', ref('int_activation__touched')) }}
