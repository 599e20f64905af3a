{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook='{{ forget_before_finished() }}',
) }}

{# More orders than have changed may be here, and never fewer. At a device of several people what one does
   there may tell whose another's order was. #}
{% set identifiers = ['customer_id', 'loyalty_card_id', 'email', 'phone', 'anonymous_id'] %}
{% set told = told_relation('intermediate', 'int_orders__placed') %}

with

refunds as (

    select * from {{ ref('base_shop__refunds') }}

),

customers as (

    select * from {{ ref('base_shop__customers') }}

),

products as (

    select * from {{ ref('base_shop__products') }}

),

moved as (

    select distinct {{ number_of('old_profile_id') }} as profile_number from {{ ref('int_identity__moved') }}
    where coalesce(old_profile_id, '') <> coalesce(new_profile_id, '')

),

told_orders as (

    {{ rows_if_any(told, {'order_key': 'string', 'profile_number': 'bigint'}) }}

),

new_products as (

    select product_id from products
    where {{ is_new('products') }}

),

new_customers as (

    select customer_id from customers
    where {{ is_new('customers') }}

),

{# Of a return the receipt that it takes back is another order. #}
touched_receipts as (

    select receipt_lines.receipt_id
    from {{ ref('base_pos__receipt_lines') }} as receipt_lines
    where {{ is_new('receipt_lines') }}
    union
    select receipt_id
    from {{ ref('base_pos__receipt_lines') }}
    where product_id in (select new_products.product_id from new_products)
    union
    select receipts.receipt_id
    from {{ ref('base_pos__receipts') }} as receipts
    where {{ is_new('receipts', ['sold_at']) }}

),

{# One condition at a time: each is met by few rows, and other columns are read of those alone. An order that
   names what was somebody's was his, or somebody's by a stronger identifier. #}
found as (

    select
        'shop:' as prefix,
        shop_orders.order_id
    from {{ ref('base_shop__orders') }} as shop_orders
    where {{ is_new('shop_orders', ['ordered_at', 'cancelled_at']) }}

    union

    select
        'shop:' as prefix,
        order_id
    from {{ ref('base_shop__orders') }}
    where customer_id in (select new_customers.customer_id from new_customers)

    union

    select
        'shop:' as prefix,
        order_lines.order_id
    from {{ ref('base_shop__order_lines') }} as order_lines
    where {{ is_new('order_lines') }}

    union

    select
        'shop:' as prefix,
        order_id
    from {{ ref('base_shop__order_lines') }}
    where product_id in (select new_products.product_id from new_products)

    union

    select
        'shop:' as prefix,
        order_id
    from refunds
    where {{ is_new('refunds', ['refunded_at']) }}

    union

    select
        'pos:' as prefix,
        receipt_id as order_id
    from touched_receipts

    union

    select
        'pos:' as prefix,
        return_of_receipt_id as order_id
    from {{ ref('base_pos__receipts') }}
    where
        return_of_receipt_id is not null
        and receipt_id in (select touched_receipts.receipt_id from touched_receipts)

    {% for base, prefix, key, types in [
        ('base_shop__orders', 'shop:', 'order_id', identifiers),
        ('base_pos__receipts', 'pos:', 'receipt_id', ['loyalty_card_id', 'email', 'phone']),
    ] %}
    {% for type in types %}
    union

    select
        '{{ prefix }}' as prefix,
        {{ key }} as order_id
    from {{ ref(base) }}
    where {{ names_found(type) }}

    {% endfor %}
    {% endfor %}
    union

    select
        'shop:' as prefix,
        record_id as order_id
    from {{ ref('int_identity__reattributed') }}
    where source_table = 'shop.orders'

),

keys as (

    select prefix || order_id as order_key
    from found
    where order_id is not null
    union
    select order_key
    from told_orders
    where {{ is_among_few('profile_number', 'moved') }}

),

numbered as (

    select
        order_key,
        {{ number_of('order_key') }} as order_number
    from keys

),

placed as (

    {{ rows_if_any(
        told, {'order_key': 'string', 'profile_id': 'string'}, is_among_few('order_number', 'numbered')
    ) }}

)

select
    numbered.order_key,
    numbered.order_number,
    placed.profile_id as old_profile_id,
    {{ build_number() }} as build_number
from numbered
left join placed on numbered.order_key = placed.order_key
