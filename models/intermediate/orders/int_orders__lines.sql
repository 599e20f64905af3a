{{ carried_on('order_number') }}

{# Lines of orders and sale receipts with what of them was kept, as each version of the order is seen. Amounts
   and costs are in the reporting currency and serve to split the money of an order, which itself stays decimal. #}
with

orders as (

    select
        order_key,
        rate_to_reporting
    from {{ made_rows(ref('int_orders__placed'), 'order_key') }}

),

versions as (

    select
        order_key,
        seen_on
    from {{ made_rows(ref('int_orders__versions'), 'order_key') }}

),

order_lines as (

    select * from {{ ref('stg_shop__order_lines') }}

),

products as (

    select * from {{ ref('stg_shop__products') }}

),

returned as (

    select
        returned.*,
        versions.seen_on
    from {{ made_rows(ref('int_orders__returned'), 'order_key') }} as returned
    inner join versions
        on
            returned.order_key = versions.order_key
            and returned.returned_on <= versions.seen_on

),

lines as (

    select
        'shop:' || order_line_id as line_key,
        'shop:' || order_id as order_key,
        order_line_id,
        product_id,
        quantity,
        cast(quantity as double) * cast(unit_price as double)
        - coalesce(cast(discount_amount as double), 0) as line_amount,
        unit_cost,
        discount_amount > 0 as is_discounted
    from order_lines
    where {{ is_order_touched('shop', 'order_id') }}

    union all

    select
        'pos:' || receipt_line_id as line_key,
        'pos:' || receipt_id as order_key,
        cast(null as string) as order_line_id,
        product_id,
        quantity,
        cast(quantity as double) * cast(unit_price as double)
        - coalesce(cast(discount_amount as double), 0) as line_amount,
        unit_cost,
        discount_amount > 0 as is_discounted
    from {{ ref('stg_pos__receipt_lines') }}
    where {{ is_order_touched('pos', 'receipt_id') }}

),

{# A refund names its line. Where it does not say how many units, its money tells. #}
returned_by_line as (

    select
        order_key,
        seen_on,
        order_line_id,
        sum(quantity) as units,
        sum(case when quantity is null then amount else 0 end) as amount_without_units
    from returned
    where order_line_id is not null
    group by order_key, seen_on, order_line_id

),

{# A return at the till names products. #}
returned_by_product as (

    select
        returned.order_key,
        returned.seen_on,
        receipt_lines.product_id,
        sum(abs(receipt_lines.quantity)) as units
    from returned
    inner join {{ ref('stg_pos__receipt_lines') }} as receipt_lines
        on returned.return_receipt_id = receipt_lines.receipt_id
    where receipt_lines.product_id is not null
    group by returned.order_key, returned.seen_on, receipt_lines.product_id

),

returned_products as (

    select distinct
        order_key,
        substring(order_key, 5) as receipt_id,
        product_id
    from returned_by_product

),

sold_by_product as (

    select
        returned_products.order_key,
        returned_products.product_id,
        sum(greatest(receipt_lines.quantity, 0)) as units
    from {{ ref('stg_pos__receipt_lines') }} as receipt_lines
    inner join returned_products
        on
            receipt_lines.receipt_id = returned_products.receipt_id
            and receipt_lines.product_id = returned_products.product_id
    group by returned_products.order_key, returned_products.product_id

),

valued as (

    select
        lines.line_key,
        lines.order_key,
        versions.seen_on,
        lines.product_id,
        lines.quantity,
        lines.is_discounted,
        lines.line_amount * cast(orders.rate_to_reporting as double) as line_amount,
        coalesce(
            cast(lines.unit_cost as double) * cast(orders.rate_to_reporting as double),
            cast(products.unit_cost as double)
        ) as unit_cost,
        coalesce(returned_by_line.units, 0)
        + coalesce(
            cast(returned_by_line.amount_without_units as double)
            * cast(lines.quantity as double)
            / nullif(lines.line_amount, 0),
            0
        )
        + coalesce(
            cast(returned_by_product.units as double)
            * cast(greatest(lines.quantity, 0) as double)
            / nullif(cast(sold_by_product.units as double), 0),
            0
        ) as returned_units
    from lines
    inner join orders on lines.order_key = orders.order_key
    inner join versions on lines.order_key = versions.order_key
    left join products on lines.product_id = products.product_id
    left join returned_by_line
        on
            lines.order_key = returned_by_line.order_key
            and versions.seen_on = returned_by_line.seen_on
            and lines.order_line_id = returned_by_line.order_line_id
    left join returned_by_product
        on
            lines.order_key = returned_by_product.order_key
            and versions.seen_on = returned_by_product.seen_on
            and lines.product_id = returned_by_product.product_id
    left join sold_by_product
        on
            lines.order_key = sold_by_product.order_key
            and lines.product_id = sold_by_product.product_id

)

select
    line_key,
    order_key,
    seen_on,
    product_id,
    quantity,
    line_amount,
    unit_cost,
    {# A negative line is itself a return and stays whole. #}
    case
        when quantity > 0
            then 1 - least(1, greatest(0, cast(returned_units as double) / cast(quantity as double)))
        else 1
    end as kept_share,
    is_discounted,
    {{ number_of('order_key') }} as order_number,
    {{ build_number() }} as build_number
from valued
