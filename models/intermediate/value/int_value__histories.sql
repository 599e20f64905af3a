{% set reasons = ['identity', 'orders', 'accounts'] %}
{{ carried_on('profile_id', by=reasons) }}

{# Several purchases of one day are one event of the models: days are the finest clock that all sources share.
   What somebody had done by an earlier day is told by the lists, and no purchase has to be read again. #}
with

purchases as (

    select * from {{ touched_purchases(ref('int_purchases'), by=reasons) }}

),

test_accounts as (

    select profile_id from {{ ref('int_profiles') }}
    where is_test

),

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

bought as (

    select
        purchases.profile_id,
        count(*) as order_count,
        sum(purchases.net_revenue) as net_revenue,
        sum(purchases.gross_margin) as gross_margin,
        array_agg(purchases.purchased_on) as days,
        array_agg(purchases.gross_margin) as margins,
        min(purchases.purchased_on) as first_purchased_on,
        max(purchases.purchased_on) as last_purchased_on
    from purchases
    cross join as_of
    where
        purchases.purchased_on <= as_of.as_of_date
        and purchases.profile_id not in (select test_accounts.profile_id from test_accounts)
    group by purchases.profile_id

),

in_order as (

    select
        *,
        array_sort(days) as days_in_order
    from bought

),

{# The first day has no gap before it. #}
with_gaps as (

    select
        *,
        {{ gaps_between('days_in_order') }} as gaps
    from in_order

)

select
    profile_id,
    cast(1 + {{ size_of('gaps') }} as bigint) as purchase_days,
    cast(order_count as bigint) as order_count,
    cast(net_revenue as decimal(18, 2)) as net_revenue,
    cast(gross_margin as decimal(18, 2)) as gross_margin,
    {{ sum_of(up_to('first_purchased_on', 'days', 'margins')) }} as first_day_margin,
    {{ median_of('gaps') }} as usual_gap_days,
    days,
    margins,
    first_purchased_on,
    last_purchased_on
from with_gaps
