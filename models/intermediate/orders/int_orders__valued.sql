{{ carried_on('order_number') }}

{# What each version of an order is worth on the day it is seen, and whether it is a purchase.

   net revenue = (total - tax - shipping) x (1 - what went back). A refund that names its line gives back
   goods and no shipping, so it is measured against the total without shipping; any other refund against
   the whole total. #}
with

orders as (

    select * from {{ made_rows(ref('int_orders__placed'), 'order_key') }}

),

versions as (

    select
        order_key,
        seen_on,
        next_seen_on
    from {{ made_rows(ref('int_orders__versions'), 'order_key') }}

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

    select * from {{ made_rows(ref('int_orders__lines'), 'order_key') }}

),

receipt_lines as (

    select * from {{ ref('stg_pos__receipt_lines') }}

),

refunds as (

    select * from {{ ref('stg_shop__refunds') }}

),

itemised_returns as (

    select distinct receipt_id
    from receipt_lines
    where
        product_id is not null
        and receipt_id in (select returned.return_receipt_id from returned)

),

{# Of any date: an order that is refunded tomorrow is a purchase today. #}
ever_refunded as (

    select distinct 'shop:' || order_id as order_key
    from refunds

),

returns_per_order as (

    select
        returned.order_key,
        returned.seen_on,
        sum(returned.amount) as refunded_amount,
        sum(
            case when returned.order_line_id is not null then returned.amount else 0 end
        ) as refunded_goods_amount,
        {# Returns that do not tell which units came back. #}
        sum(
            case
                when returned.order_line_id is null and itemised_returns.receipt_id is null
                    then returned.amount
                else 0
            end
        ) as refunded_without_units,
        max(returned.returned_on) as last_returned_on
    from returned
    left join itemised_returns on returned.return_receipt_id = itemised_returns.receipt_id
    group by returned.order_key, returned.seen_on

),

{# Decimal before it is added up: the sum of floats would depend on their order. #}
kept_lines as (

    select
        order_key,
        seen_on,
        is_discounted,
        cast(line_amount * kept_share as decimal(18, 6)) as kept_amount,
        {{ decimal_of('unit_cost * cast(quantity as double) * kept_share', 18, 6) }} as kept_cost
    from lines

),

lines_per_order as (

    select
        order_key,
        seen_on,
        count(*) as line_count,
        {# Null if no line says anything of discounts. #}
        sum(case when is_discounted then 1 when not is_discounted then 0 end) as discounted_lines,
        sum(kept_amount) as kept_amount,
        sum(case when kept_cost is null then kept_amount else 0 end) as kept_amount_without_cost,
        sum(case when kept_cost is null then 1 else 0 end) as lines_without_cost,
        sum(coalesce(kept_cost, 0)) as kept_cost
    from kept_lines
    group by order_key, seen_on

),

joined as (

    select
        orders.*,
        versions.seen_on,
        versions.next_seen_on,
        coalesce(returns_per_order.refunded_amount, 0) as refunded_amount,
        coalesce(returns_per_order.refunded_goods_amount, 0) as refunded_goods_amount,
        returns_per_order.last_returned_on,
        ever_refunded.order_key is not null as is_ever_refunded,
        coalesce(
            cast(returns_per_order.refunded_without_units as double)
            / nullif(cast(orders.total_amount as double), 0),
            0
        ) as share_returned_without_units,
        case
            when orders.is_discounted or lines_per_order.discounted_lines > 0 then true
            when orders.is_discounted is not null or lines_per_order.discounted_lines = 0 then false
        end as is_any_discounted,
        coalesce(lines_per_order.line_count, 0) as line_count,
        coalesce(lines_per_order.lines_without_cost, 0) as lines_without_cost,
        cast(coalesce(lines_per_order.kept_cost, 0) as double) as kept_cost,
        case
            when lines_per_order.line_count is null then 1
            when lines_per_order.lines_without_cost = 0 then 0
            when lines_per_order.lines_without_cost = lines_per_order.line_count then 1
            when lines_per_order.kept_amount = 0 then 1
            else
                cast(lines_per_order.kept_amount_without_cost as double)
                / cast(lines_per_order.kept_amount as double)
        end as share_without_cost
    from orders
    inner join versions on orders.order_key = versions.order_key
    left join returns_per_order
        on
            versions.order_key = returns_per_order.order_key
            and versions.seen_on = returns_per_order.seen_on
    left join lines_per_order
        on
            versions.order_key = lines_per_order.order_key
            and versions.seen_on = lines_per_order.seen_on
    left join ever_refunded on orders.order_key = ever_refunded.order_key

),

judged as (

    select
        joined.*,
        joined.total_amount > 0 and (
            joined.refunded_amount >= joined.total_amount
            or (
                joined.refunded_goods_amount > 0
                and joined.refunded_goods_amount >= joined.total_amount - joined.shipping_amount
            )
        ) as is_fully_refunded,
        coalesce(joined.cancelled_on <= joined.seen_on, false) as is_cancelled,
        {# What ended as cancelled or refunded was a purchase until it ended, if it is known when. #}
        joined.status is null
        or joined.status in ({{ quoted(var('purchase_statuses')) }})
        or (
            joined.status in ('cancelled', 'canceled', 'void', 'voided')
            and joined.cancelled_on is not null
        )
        or (joined.status = 'refunded' and joined.is_ever_refunded) as has_purchase_status
    from joined

),

named as (

    select
        judged.*,
        case
            when is_test then 'test'
            when is_cancelled then 'cancelled'
            when not has_purchase_status then 'status ' || status
            when is_fully_refunded then 'fully refunded'
        end as not_purchase_reason
    from judged

),

net as (

    select
        named.*,
        not_purchase_reason is null as is_purchase,
        case
            when not_purchase_reason is not null or total_amount = 0 then 0
            else
                cast(greatest(0, total_amount - tax_amount - shipping_amount) as double)
                * greatest(
                    0,
                    1
                    - cast(refunded_amount - refunded_goods_amount as double)
                    / cast(total_amount as double)
                    - coalesce(
                        cast(refunded_goods_amount as double)
                        / nullif(cast(total_amount - shipping_amount as double), 0),
                        0
                    )
                )
                * cast(rate_to_reporting as double)
        end as net_revenue
    from named

),

valued as (

    select
        net.*,
        {# As many places as an amount times a rate has, so that half a cent is half a cent and no more. #}
        {{ decimal_of('net_revenue', 28, 10) }} as exact_net_revenue,
        {{ decimal_of('kept_cost * (1 - share_returned_without_units)', 18, 6) }} as known_cost,
        {{ decimal_of('net_revenue * share_without_cost * (1 - ' ~ var('default_margin_rate') ~ ')', 18, 6) }}
            as estimated_cost
    from net

)

select

    ---------- ids
    order_key,
    order_id,
    profile_id,
    store_id,

    ---------- strings
    order_source,
    channel,
    status,
    not_purchase_reason,
    currency,
    discount_code,
    utm_source,
    utm_medium,
    utm_campaign,

    ---------- numerics
    total_amount,
    discount_amount,
    shipping_amount,
    tax_amount,
    cast(refunded_amount as decimal(18, 2)) as refunded_amount,
    rate_to_reporting,
    cast(exact_net_revenue as decimal(18, 2)) as net_revenue,
    cast(
        case when is_purchase then exact_net_revenue - known_cost - estimated_cost else 0 end
        as decimal(18, 2)
    ) as gross_margin,

    ---------- booleans
    is_purchase,
    is_purchase and (line_count = 0 or lines_without_cost > 0) as is_margin_estimated,
    is_any_discounted as is_discounted,
    next_seen_on is null as is_last_version,

    ---------- dates and timestamps
    ordered_on,
    cancelled_on,
    last_returned_on,
    seen_on,
    next_seen_on,
    ordered_at,

    ---------- numbers of keys
    {{ number_of('order_key') }} as order_number,
    {{ number_of('profile_id') }} as profile_number

from valued
