{{ carried_on('profile_id') }}

{# Who does not mind the price: at least three purchases of which it is known, nine in ten of them without any
   discount. With fewer it says little, for most orders are at full price anyway. #}
with

purchases as (

    select * from {{ touched_purchases(ref('int_purchases')) }}

),

facts as (

    select * from {{ made_rows(ref('int_value__purchase_facts'), 'profile_id') }}
    where is_full_price is not null

),

counted as (

    select
        purchases.profile_id,
        count(*) as priced_orders,
        sum(case when facts.is_full_price then 1 else 0 end) as full_price_orders
    from purchases
    inner join facts on purchases.order_key = facts.order_key
    group by purchases.profile_id

)

select
    profile_id,
    cast(priced_orders as bigint) as priced_orders,
    cast(full_price_orders as bigint) as full_price_orders
from counted
where
    priced_orders >= 3
    and full_price_orders * 10 >= priced_orders * 9
