-- Orders with what they brought, as they stand today and as they stood on every day that changed them:
-- history has to see an order that was sent back later as the purchase that it was until then.
create table placed as
with

orders as (
    select
        'shop:' || order_id as order_key, 'shop' as order_source, shop_orders.order_id,
        coalesce(
            a.profile_id, c.profile_id, e.profile_id, p.profile_id, s.profile_id, d.profile_id
        ) as profile_id,
        null::varchar as store_id, status, channel, currency, discount_code,
        utm_source, utm_medium, utm_campaign,
        total_amount, discount_amount, shipping_amount, tax_amount, rate_to_reporting,
        shop_orders.is_test or coalesce(customers.is_test, false) as is_test,
        ordered_at, ordered_at::date as ordered_on, cancelled_at::date as cancelled_on
    from shop_orders
    left join customers on shop_orders.customer_id = customers.customer_id
    left join owners_by_account as a on shop_orders.customer_id = a.value
    left join owners_by_card as c on loyalty_card_id = c.value
    left join owners_by_email as e on shop_orders.email = e.value
    left join owners_by_phone as p on shop_orders.phone = p.value
    left join owners_by_device as d on anonymous_id = d.value
    left join (from at_shared_devices where source = 'shop') as s on order_id = s.record_id
    union all by name
    select
        'pos:' || receipt_id as order_key, 'pos' as order_source, receipt_id as order_id,
        coalesce(c.profile_id, e.profile_id, p.profile_id) as profile_id,
        store_id, 'store' as channel, currency, total_amount, discount_amount,
        0::decimal(18, 2) as shipping_amount, tax_amount, rate_to_reporting, false as is_test,
        sold_at as ordered_at, sold_at::date as ordered_on
    from receipts
    left join owners_by_card as c on loyalty_card_id = c.value
    left join owners_by_email as e on email = e.value
    left join owners_by_phone as p on phone = p.value
    where return_of_receipt_id is null
)

from orders
where ordered_on <= (select day from as_of);

create table returned as
with

went_back as (
    select
        'shop:' || refund_id as return_key, 'shop:' || order_id as order_key, line_id, null as receipt_id,
        amount, quantity, refunded_at::date as returned_on
    from refunds
    union all
    select
        'pos:' || receipt_id, 'pos:' || return_of_receipt_id, null, receipt_id,
        abs(total_amount)::decimal(18, 2), null, sold_at::date
    from receipts
    where return_of_receipt_id is not null
)

select
    went_back.* exclude (amount),
    -- Nobody gets back more than was paid.
    greatest(0, least(
        amount,
        total_amount - sum(amount) over (partition by order_key order by returned_on, return_key) + amount
    ))::decimal(18, 2) as amount,
    receipt_id is not null
    and 'pos:' || receipt_id in (select order_key from lines where product_id is not null) as is_itemised
from went_back
inner join placed using (order_key)
where returned_on <= (select day from as_of);

-- One row per order and day on which it became another.
create table order_days as
select order_key, seen_on, lead(seen_on) over (partition by order_key order by seen_on) as next_seen_on
from (
    select order_key, ordered_on as seen_on from placed
    union
    select order_key, greatest(returned_on, ordered_on) from returned inner join placed using (order_key)
    union
    select order_key, greatest(cancelled_on, ordered_on)
    from placed
    where cancelled_on <= (select day from as_of)
);

create table returns_so_far as
select
    order_days.order_key, seen_on,
    sum(amount) as amount,
    coalesce(sum(amount) filter (line_id is not null), 0) as goods_amount,
    coalesce(sum(amount) filter (line_id is null and not is_itemised), 0) as amount_without_units
from order_days
inner join returned on order_days.order_key = returned.order_key and returned_on <= seen_on
group by all;

-- What the kept part of an order cost. Only orders of which something went back need their lines looked at
-- again.
create table costs as
with

line_values as (
    select
        lines.order_key, line_id, lines.product_id, quantity,
        (quantity::double * unit_price::double - coalesce(lines.discount_amount::double, 0))
        * rate_to_reporting::double as amount,
        coalesce(lines.unit_cost::double * rate_to_reporting::double, products.unit_cost::double) as unit_cost
    from lines
    inner join placed using (order_key)
    left join products on lines.product_id = products.product_id
),

by_line as (
    select
        order_days.order_key, seen_on, line_id,
        sum(quantity) as units, coalesce(sum(amount) filter (quantity is null), 0) as amount_without_units
    from order_days
    inner join returned on order_days.order_key = returned.order_key and returned_on <= seen_on
    where line_id is not null
    group by all
),

by_product as (
    select order_days.order_key, seen_on, lines.product_id, sum(abs(lines.quantity)) as units
    from order_days
    inner join returned on order_days.order_key = returned.order_key and returned_on <= seen_on
    inner join lines on 'pos:' || receipt_id = lines.order_key
    where lines.product_id is not null
    group by all
),

sold as (
    select order_key, product_id, sum(greatest(quantity, 0)) as units
    from lines
    where order_key in (select order_key from by_product)
    group by all
),

kept as (
    select
        v.order_key, order_days.seen_on, v.amount, v.unit_cost, v.quantity,
        case
            when v.quantity > 0 then 1 - least(1, greatest(0, (
                coalesce(l.units::double, 0)
                + coalesce(
                    l.amount_without_units::double * v.quantity::double
                    / nullif(v.amount / rate_to_reporting::double, 0), 0
                )
                + coalesce(p.units::double * v.quantity::double / nullif(sold.units::double, 0), 0)
            ) / v.quantity::double))
            else 1
        end as share
    from line_values as v
    inner join order_days using (order_key)
    inner join placed using (order_key)
    left join by_line as l
        on v.order_key = l.order_key and order_days.seen_on = l.seen_on and v.line_id = l.line_id
    left join by_product as p
        on v.order_key = p.order_key and order_days.seen_on = p.seen_on and v.product_id = p.product_id
    left join sold on v.order_key = sold.order_key and v.product_id = sold.product_id
)

select
    order_key, seen_on,
    count(*) as line_count,
    count(*) filter (unit_cost is null) as lines_without_cost,
    sum((amount * share)::decimal(18, 6)) as kept_amount,
    coalesce(sum((amount * share)::decimal(18, 6)) filter (unit_cost is null), 0) as kept_without_cost,
    coalesce(sum((unit_cost * quantity::double * share)::decimal(18, 6)), 0) as cost
from kept
group by all;

create table order_versions as
with

judged as (
    select
        placed.*, order_days.seen_on, next_seen_on,
        coalesce(r.amount, 0) as refunded_amount,
        coalesce(r.goods_amount, 0) as goods_amount,
        coalesce(r.amount_without_units::double / nullif(total_amount::double, 0), 0) as share_without_units,
        coalesce(line_count, 0) as line_count,
        coalesce(lines_without_cost, 0) as lines_without_cost,
        coalesce(cost::double, 0) as cost,
        case
            when line_count is null or lines_without_cost = line_count or kept_amount = 0 then 1
            else kept_without_cost::double / kept_amount::double
        end as share_without_cost,
        case
            when is_test then 'test'
            when cancelled_on <= order_days.seen_on then 'cancelled'
            when not (
                status is null
                or status in (
                    'approved', 'closed', 'complete', 'completed', 'delivered', 'fulfilled', 'invoiced',
                    'paid', 'partially_refunded', 'partially_shipped', 'processing', 'sent', 'shipped',
                    'succeeded', 'success'
                )
                or (status in ('cancelled', 'canceled', 'void', 'voided') and cancelled_on is not null)
                or (
                    status = 'refunded' and order_source = 'shop'
                    and order_id in (select order_id from refunds)
                )
            ) then 'status ' || status
            when
                total_amount > 0 and (
                    r.amount >= total_amount
                    or (r.goods_amount > 0 and r.goods_amount >= total_amount - shipping_amount)
                )
                then 'fully refunded'
        end as not_purchase_reason
    from placed
    inner join order_days on placed.order_key = order_days.order_key
    left join returns_so_far as r
        on order_days.order_key = r.order_key and order_days.seen_on = r.seen_on
    left join costs on order_days.order_key = costs.order_key and order_days.seen_on = costs.seen_on
),

net as (
    select
        *,
        case
            when not_purchase_reason is not null or total_amount = 0 then 0
            else
                greatest(0, total_amount - tax_amount - shipping_amount)::double
                * greatest(
                    0,
                    1 - (refunded_amount - goods_amount)::double / total_amount::double
                    - coalesce(goods_amount::double / nullif((total_amount - shipping_amount)::double, 0), 0)
                )
                * rate_to_reporting::double
        end as revenue
    from judged
)

select
    order_key, order_id, profile_id, store_id, order_source, channel, status, not_purchase_reason, currency,
    discount_code, utm_source, utm_medium, utm_campaign, total_amount, discount_amount, shipping_amount,
    tax_amount, refunded_amount::decimal(18, 2) as refunded_amount, rate_to_reporting,
    revenue::decimal(28, 10)::decimal(18, 2) as net_revenue,
    if(
        not_purchase_reason is null,
        revenue::decimal(28, 10) - (cost * (1 - share_without_units))::decimal(18, 6)
        - (revenue * share_without_cost * 0.6)::decimal(18, 6),
        0
    )::decimal(18, 2) as gross_margin,
    not_purchase_reason is null as is_purchase,
    not_purchase_reason is null and (line_count = 0 or lines_without_cost > 0) as is_margin_estimated,
    ordered_on, cancelled_on, ordered_at, seen_on, next_seen_on
from net;

create table orders as
select * exclude (seen_on, next_seen_on) from order_versions where next_seen_on is null;
