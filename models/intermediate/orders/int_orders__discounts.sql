{{ carried_on('order_key') }}

{# Orders of which something is said of discounts: on the order, on a line of it, or by a code. #}
with

placed as (

    select
        order_key,
        order_source,
        is_discounted,
        ordered_on
    from {{ made_rows(ref('int_orders__placed'), 'order_key') }}

),

{# By each version of an order its lines say the same. #}
lines as (

    select
        order_key,
        max(case when is_discounted then 1 else 0 end) = 1 as is_discounted
    from {{ made_rows(ref('int_orders__lines'), 'order_key') }}
    where is_discounted is not null
    group by order_key

)

select
    placed.order_key,
    placed.order_source,
    coalesce(placed.is_discounted, false) or coalesce(lines.is_discounted, false) as is_discounted,
    placed.ordered_on
from placed
left join lines on placed.order_key = lines.order_key
where
    placed.is_discounted is not null
    or lines.is_discounted is not null
