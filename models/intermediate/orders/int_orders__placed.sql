{{ carried_on('order_key') }}

{# Shop orders and sales at the till as one, with whose they are, up to the as-of date. Money is still in
   the currency it was paid in. #}
with

shop_orders as (

    select * from {{ ref('stg_shop__orders') }}

),

receipts as (

    select * from {{ ref('stg_pos__receipts') }}

),

customers as (

    select * from {{ ref('stg_shop__customers') }}

),

identifiers as (

    select * from {{ ref('int_identity__identifiers') }}

),

shared_device_records as (

    select
        'shop:' || record_id as order_key,
        profile_id
    from {{ ref('int_identity__shared_device_records') }}
    where source_table = 'shop.orders'

),

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

placed as (

    select
        'shop:' || shop_orders.order_id as order_key,
        'shop' as order_source,
        shop_orders.order_id,
        shop_orders.customer_id,
        shop_orders.loyalty_card_id,
        shop_orders.email,
        shop_orders.phone,
        shop_orders.anonymous_id,
        cast(null as string) as store_id,
        shop_orders.status,
        coalesce(shop_orders.channel, 'online') as channel,
        shop_orders.currency,
        shop_orders.discount_code,
        shop_orders.utm_source,
        shop_orders.utm_medium,
        shop_orders.utm_campaign,
        shop_orders.total_amount,
        coalesce(shop_orders.discount_amount, 0) as discount_amount,
        coalesce(shop_orders.shipping_amount, 0) as shipping_amount,
        coalesce(shop_orders.tax_amount, 0) as tax_amount,
        shop_orders.rate_to_reporting,
        shop_orders.is_test or coalesce(customers.is_test, false) as is_test,
        shop_orders.ordered_at,
        shop_orders.cancelled_at
    from shop_orders
    left join customers on shop_orders.customer_id = customers.customer_id

    union all

    select
        'pos:' || receipt_id as order_key,
        'pos' as order_source,
        receipt_id as order_id,
        cast(null as string) as customer_id,
        loyalty_card_id,
        email,
        phone,
        cast(null as string) as anonymous_id,
        store_id,
        cast(null as string) as status,
        'store' as channel,
        currency,
        cast(null as string) as discount_code,
        cast(null as string) as utm_source,
        cast(null as string) as utm_medium,
        cast(null as string) as utm_campaign,
        total_amount,
        coalesce(discount_amount, 0) as discount_amount,
        cast(0 as decimal(18, 2)) as shipping_amount,
        coalesce(tax_amount, 0) as tax_amount,
        rate_to_reporting,
        false as is_test,
        sold_at as ordered_at,
        cast(null as timestamp) as cancelled_at
    from receipts
    where return_of_receipt_id is null

),

{# The strongest identifier that belongs to somebody tells whose an order is; an order that names nobody, at a
   device of several people, is that of who was there. #}
owned as (

    select
        placed.*,
        coalesce(
            {% for identifier in identifier_types() if identifier != 'anonymous_id' %}
            {{ identifier }}_owners.profile_id,
            {% endfor %}
            shared_device_records.profile_id,
            anonymous_id_owners.profile_id
        ) as profile_id,
        {{ local_date('placed.ordered_at') }} as ordered_on,
        {{ local_date('placed.cancelled_at') }} as cancelled_on
    from placed
    {% for identifier in identifier_types() %}
    left join identifiers as {{ identifier }}_owners
        on
            placed.{{ identifier }} = {{ identifier }}_owners.identifier_value
            and {{ identifier }}_owners.identifier_type = '{{ identifier }}'
    {% endfor %}
    left join shared_device_records on placed.order_key = shared_device_records.order_key
    where {{ is_touched('placed.order_key') }}

)

select owned.*
from owned
inner join as_of on owned.ordered_on <= as_of.as_of_date
