{% set reasons = ['identity', 'orders', 'accounts'] %}
{{ config(post_hook='{{ let_cut_pass() }}') }}
{{ carried_on('profile_id', by=reasons) }}

{# Several purchases of one day are one event of the models: days are the finest clock that all sources share.
   What somebody had done by the cut of the back-test is told by the lists, and no purchase has to be read again when
   it moves on. #}
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

cuts as (

    select * from {{ ref('int_value__cuts') }}
    where sample = 'backtest'

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

),

measured as (

    select
        with_gaps.profile_id,
        cast(1 + {{ size_of('with_gaps.gaps') }} as bigint) as purchase_days,
        cast(with_gaps.order_count as bigint) as order_count,
        cast(with_gaps.net_revenue as decimal(18, 2)) as net_revenue,
        cast(with_gaps.gross_margin as decimal(18, 2)) as gross_margin,
        {{ median_of('with_gaps.gaps') }} as usual_gap_days,
        with_gaps.days,
        with_gaps.margins,
        with_gaps.first_purchased_on,
        with_gaps.last_purchased_on,
        cuts.cut_on
    from with_gaps
    left join cuts on true

)

select
    profile_id,
    purchase_days,
    order_count,
    net_revenue,
    gross_margin,
    {{ sum_of(up_to('first_purchased_on', 'days', 'margins')) }} as first_day_margin,
    usual_gap_days,
    days,
    margins,
    first_purchased_on,
    last_purchased_on,
    cut_on,
    {{ seen_by_cut('cut_on', 'days') }} as cut_days,
    {{ seen_by_cut('cut_on', 'margin') }} as cut_margin,
    {{ seen_by_cut('cut_on', 'last_on') }} as cut_last_on
from measured
