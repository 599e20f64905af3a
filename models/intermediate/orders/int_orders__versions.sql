{{ carried_on('order_number') }}

{# The days on which an order became another: when it was placed, when some of it went back, when it was
   cancelled. It is seen as of each of them until the next. #}
with

orders as (

    select
        order_key,
        ordered_on,
        cancelled_on
    from {{ made_rows(ref('int_orders__placed'), 'order_key') }}

),

returned as (

    select * from {{ made_rows(ref('int_orders__returned'), 'order_key') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

days as (

    select
        order_key,
        ordered_on as seen_on
    from orders
    union
    select
        returned.order_key,
        {# Nothing goes back before it was sold, whatever the clocks say. #}
        greatest(returned.returned_on, orders.ordered_on) as seen_on
    from returned
    inner join orders on returned.order_key = orders.order_key
    union
    select
        orders.order_key,
        greatest(orders.cancelled_on, orders.ordered_on) as seen_on
    from orders
    inner join as_of on orders.cancelled_on <= as_of.as_of_date

)

select
    order_key,
    seen_on,
    lead(seen_on) over (partition by order_key order by seen_on) as next_seen_on,
    {{ number_of('order_key') }} as order_number,
    {{ build_number() }} as build_number
from days
