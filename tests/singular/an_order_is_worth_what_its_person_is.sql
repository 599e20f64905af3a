-- What profiles add up to is what the purchases of known people add up to.
with

profiles as (

    select
        sum(order_count) as order_count,
        sum(net_revenue) as net_revenue,
        sum(gross_margin) as gross_margin
    from {{ ref('customer_profiles') }}

),

orders as (

    select
        count(*) as order_count,
        coalesce(sum(net_revenue), 0) as net_revenue,
        coalesce(sum(gross_margin), 0) as gross_margin
    from {{ ref('orders') }}
    where
        is_purchase
        and profile_id is not null

)

select
    profiles.order_count,
    orders.order_count as order_count_of_orders
from profiles
cross join orders
where
    profiles.order_count <> orders.order_count
    or profiles.net_revenue <> orders.net_revenue
    or profiles.gross_margin <> orders.gross_margin
