{% set reasons = ['identity', 'orders', 'accounts'] %}
{{ carried_on('profile_id', by=reasons) }}

{# What each buyer bought in each month, as his purchases stand on the as-of date, with the month and the
   channel that he was acquired in: cohorts are sums of it. #}
with

purchases as (

    select * from {{ touched_purchases(ref('int_purchases'), by=reasons) }}

),

buyers as (

    select
        profile_id,
        acquisition_channel,
        cast(date_trunc('month', acquired_on) as date) as acquired_month
    from {{ ref('int_value__first_purchases') }}
    where {{ is_touched('profile_id', by=reasons) }}

),

bought as (

    select
        profile_id,
        cast(date_trunc('month', purchased_on) as date) as month,
        count(*) as orders,
        sum(net_revenue) as net_revenue,
        sum(gross_margin) as gross_margin
    from purchases
    group by profile_id, cast(date_trunc('month', purchased_on) as date)

)

select
    buyers.profile_id,
    buyers.acquisition_channel,
    cast(bought.orders as integer) as orders,
    cast(bought.net_revenue as decimal(18, 2)) as net_revenue,
    cast(bought.gross_margin as decimal(18, 2)) as gross_margin,
    buyers.acquired_month,
    bought.month
from buyers
inner join bought on buyers.profile_id = bought.profile_id
