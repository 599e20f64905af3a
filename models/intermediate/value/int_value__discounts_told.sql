{{ config(post_hook="{{ forget_finished_if_other('discounts_told_from') }}") }}

{# After the periods: two hooks that delete one row at a time are in each other's way. #}
-- depends_on: {{ ref('int_periods') }}
{# A source that never says a word of discounts has not sold all at full price. It is believed from the first
   order on of which it says something, were it 0. #}
select
    order_source,
    min(ordered_on) as told_from
from {{ ref('int_orders__valued') }}
where
    is_last_version
    and is_discounted is not null
group by order_source
