{{ config(post_hook="{{ forget_finished_if_other('discounts_told_from') }}") }}

{# After the periods: two hooks that delete one row at a time are in each other's way. #}
-- depends_on: {{ ref('int_periods') }}
{# A source that never says a word of discounts has not sold all at full price. It is believed from the first
   order on of which it says something, were it 0. #}
with

placed as (

    select * from {{ ref('int_orders__placed') }}

),

discounts as (

    select * from {{ ref('int_orders__discounts') }}

)

select
    placed.order_source,
    min(placed.ordered_on) as told_from
from placed
inner join discounts on placed.order_key = discounts.order_key
group by placed.order_source
