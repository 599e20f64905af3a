{# Purchases of people who are touched, as `int_purchases__versions` has them of everybody: looked for once,
   for all models that ask for them (`touched_purchases`). Nobody is touched where all is made anew. #}
with

purchases as (

    select * from {{ ref('int_orders__valued') }}
    where
        is_purchase
        and profile_id is not null
        and profile_id in (
            select touched.profile_id
            from {{ ref('int_profiles__touched') }} as touched
            where {{ is_one_of_few('touched.profile_id') }}
        )

)

select
    order_key,
    profile_id,
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
from purchases
