{{ carried_on('order_number') }}

{# Shop orders and sales at the till as one, with whose they are, up to the as-of date. Money is still in
   the currency it was paid in. #}
{% set all_of = {
    'shop_orders': ref('stg_shop__orders'),
    'receipts': ref('stg_pos__receipts'),
    'identifiers': ref('int_identity__identifiers'),
} %}
{% set is_touched = {
    'shop_orders': is_order_touched('shop', 'order_id'),
    'receipts': is_order_touched('pos', 'receipt_id'),
} %}
{# Read more than once: few rows are picked before, and all are read where they are used. #}
{% set shop_orders, receipts, identifiers = (
    ('shop_orders', 'receipts', 'identifiers') if is_carried_on() else all_of.values()
) %}

with

{% if is_carried_on() -%}
{% for name, condition in is_touched.items() %}
{{ name }} as (

    select * from {{ all_of[name] }}
    where {{ condition }}

),

{% endfor %}

{% endif -%}

staff as (

    select customer_id from {{ ref('stg_shop__customers') }}
    where is_test

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

{# Who an order names, apart from all else that it says: what is joined so often should be narrow. #}
naming as (

    select
        'shop:' || order_id as order_key,
        customer_id,
        loyalty_card_id,
        email,
        phone,
        anonymous_id
    from {{ shop_orders }}

    union all

    select
        'pos:' || receipt_id as order_key,
        cast(null as string) as customer_id,
        loyalty_card_id,
        email,
        phone,
        cast(null as string) as anonymous_id
    from {{ receipts }}

),

{% if is_carried_on() -%}
{# What few orders name is looked for once, and not by each type among all. #}
identifiers as (

    {{ identifiers_named_by('naming', identifier_types()) }}

),
{%- endif %}

{# The strongest identifier that belongs to somebody tells whose an order is; an order that names nobody, at a
   device of several people, is that of who was there. #}
owners as (

    select
        naming.order_key,
        coalesce(
            {% for identifier in identifier_types() if identifier != 'anonymous_id' %}
            {{ identifier }}_owners.profile_id,
            {% endfor %}
            shared_device_records.profile_id,
            anonymous_id_owners.profile_id
        ) as profile_id
    from naming
    {% for identifier in identifier_types() %}
    left join {{ identifiers }} as {{ identifier }}_owners
        on
            naming.{{ identifier }} = {{ identifier }}_owners.identifier_value
            and {{ identifier }}_owners.identifier_type = '{{ identifier }}'
    {% endfor %}
    left join shared_device_records on naming.order_key = shared_device_records.order_key

),

placed as (

    select
        'shop:' || placed_orders.order_id as order_key,
        'shop' as order_source,
        placed_orders.order_id,
        cast(null as string) as store_id,
        placed_orders.status,
        coalesce(placed_orders.channel, 'online') as channel,
        placed_orders.currency,
        placed_orders.discount_code,
        placed_orders.utm_source,
        placed_orders.utm_medium,
        placed_orders.utm_campaign,
        placed_orders.total_amount,
        coalesce(placed_orders.discount_amount, 0) as discount_amount,
        coalesce(placed_orders.shipping_amount, 0) as shipping_amount,
        coalesce(placed_orders.tax_amount, 0) as tax_amount,
        placed_orders.rate_to_reporting,
        placed_orders.is_test or staff.customer_id is not null as is_test,
        case
            when placed_orders.discount_amount > 0 or placed_orders.discount_code is not null then true
            when placed_orders.discount_amount is not null then false
        end as is_discounted,
        placed_orders.ordered_at,
        placed_orders.cancelled_at
    from {{ shop_orders }} as placed_orders
    left join staff on placed_orders.customer_id = staff.customer_id

    union all

    select
        'pos:' || receipt_id as order_key,
        'pos' as order_source,
        receipt_id as order_id,
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
        discount_amount > 0 as is_discounted,
        sold_at as ordered_at,
        cast(null as timestamp) as cancelled_at
    from {{ receipts }}
    where return_of_receipt_id is null

),

dated as (

    select
        *,
        {{ local_date('ordered_at') }} as ordered_on,
        {{ local_date('cancelled_at') }} as cancelled_on
    from placed

)

select
    dated.*,
    owners.profile_id,
    {{ number_of('dated.order_key') }} as order_number,
    {{ number_of('owners.profile_id') }} as profile_number,
    {{ build_number() }} as build_number
from dated
inner join as_of on dated.ordered_on <= as_of.as_of_date
left join owners on dated.order_key = owners.order_key
