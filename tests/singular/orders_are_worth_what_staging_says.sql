-- Net revenue of untouched purchases, worked out again from staging: to the cent per order.
with

staged as (

    select
        'shop:' || order_id as order_key,
        total_amount,
        coalesce(tax_amount, 0) as tax_amount,
        coalesce(shipping_amount, 0) as shipping_amount,
        rate_to_reporting
    from {{ ref('stg_shop__orders') }}

    union all

    select
        'pos:' || receipt_id as order_key,
        total_amount,
        coalesce(tax_amount, 0) as tax_amount,
        0 as shipping_amount,
        rate_to_reporting
    from {{ ref('stg_pos__receipts') }}
    where return_of_receipt_id is null

)

select
    orders.order_key,
    orders.net_revenue
from {{ ref('orders') }} as orders
inner join staged on orders.order_key = staged.order_key
where
    orders.is_purchase
    and orders.refunded_amount = 0
    and abs(
        orders.net_revenue
        - greatest(0, staged.total_amount - staged.tax_amount - staged.shipping_amount)
        * staged.rate_to_reporting
    ) > 0.005
