{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook='{{ forget_before_finished("is_at_shared_device") }}',
) }}

{# More orders than have changed may be here, and never fewer. Those at devices of several people are in every
   build, for what one does there may tell whose another's order was; and as long as they are told of here, until
   the build after it. #}
{% set identifiers = ['customer_id', 'loyalty_card_id', 'email', 'phone', 'anonymous_id'] %}

with

order_lines as (

    select * from {{ ref('base_shop__order_lines') }}

),

refunds as (

    select * from {{ ref('base_shop__refunds') }}

),

customers as (

    select * from {{ ref('base_shop__customers') }}

),

products as (

    select * from {{ ref('base_shop__products') }}

),

receipt_lines as (

    select * from {{ ref('base_pos__receipt_lines') }}

),

nodes as (

    select * from {{ ref('int_identity__nodes') }}

),

moved as (

    select
        identifier_hash,
        old_profile_id
    from {{ ref('int_identity__moved') }}
    where coalesce(old_profile_id, '') <> coalesce(new_profile_id, '')

),

shared_device_records as (

    select * from {{ ref('int_identity__shared_device_records') }}

),

placed as (

    {{ rows_if_any(
        told_relation('intermediate', 'int_orders__placed'), {'order_key': 'string', 'profile_id': 'string'}
    ) }}

),

new_products as (

    select product_id from products
    where {{ is_new('products') }}

),

moved_identifiers as (

    select
        nodes.identifier_type,
        nodes.identifier_value
    from nodes
    inner join moved on nodes.identifier_hash = moved.identifier_hash

),

{# Of a return the receipt that it takes back is another order. #}
receipts_of_new_lines as (

    select receipt_lines.receipt_id
    from receipt_lines
    where
        {{ is_new('receipt_lines') }}
        or receipt_lines.product_id in (select new_products.product_id from new_products)

),

new_customers as (

    select customer_id from customers
    where {{ is_new('customers') }}

),

found as (

    select 'shop:' || shop_orders.order_id as order_key
    from {{ ref('base_shop__orders') }} as shop_orders
    where
        {{ is_new('shop_orders', ['ordered_at', 'cancelled_at']) }}
        or shop_orders.customer_id in (select new_customers.customer_id from new_customers)

    union

    select 'shop:' || order_lines.order_id as order_key
    from order_lines
    where
        {{ is_new('order_lines') }}
        or order_lines.product_id in (select new_products.product_id from new_products)

    union

    select 'shop:' || refunds.order_id as order_key
    from refunds
    where {{ is_new('refunds', ['refunded_at']) }}

    {% for key in ['receipt_id', 'return_of_receipt_id'] %}
    union

    select 'pos:' || receipts.{{ key }} as order_key
    from {{ ref('base_pos__receipts') }} as receipts
    where
        {{ is_new('receipts', ['sold_at']) }}
        or receipts.receipt_id in (select receipts_of_new_lines.receipt_id from receipts_of_new_lines)

    {% endfor %}
    {% for base, relation, key, types in [
        ('base_shop__orders', 'shop_orders', "'shop:' || shop_orders.order_id", identifiers),
        ('base_pos__receipts', 'receipts', "'pos:' || receipts.receipt_id", ['loyalty_card_id', 'email', 'phone']),
    ] %}
    {% for type in types %}
    union

    select {{ key }} as order_key
    from {{ ref(base) }} as {{ relation }}
    inner join moved_identifiers
        on
            {{ relation }}.{{ type }} = moved_identifiers.identifier_value
            and moved_identifiers.identifier_type = '{{ type }}'

    {% endfor %}
    {% endfor %}
    union

    select placed.order_key
    from placed
    where placed.profile_id in (select moved.old_profile_id from moved)

),

shared as (

    select 'shop:' || record_id as order_key
    from shared_device_records
    where source_table = 'shop.orders'

),

touched as (

    select
        order_key,
        false as is_at_shared_device
    from found
    where order_key is not null
    union all
    select
        order_key,
        true as is_at_shared_device
    from shared

)

select
    touched.order_key,
    placed.profile_id as old_profile_id,
    touched.is_at_shared_device,
    {{ build_number() }} as build_number
from touched
left join placed on touched.order_key = placed.order_key
