{{ carried_on('profile_id') }}

with

purchase_days as (

    select
        profile_id,
        order_count,
        net_revenue,
        gross_margin,
        purchased_on
    from {{ ref('int_value__purchase_days') }}
    where {{ is_touched('profile_id') }}

),

{# The first day has no gap before it. #}
gaps as (

    select
        *,
        {{ days_between(
            'lag(purchased_on) over (partition by profile_id order by purchased_on)', 'purchased_on'
        ) }} as gap_days
    from purchase_days

)

select
    profile_id,
    cast(count(*) as bigint) as purchase_days,
    cast(sum(order_count) as bigint) as order_count,
    cast(sum(net_revenue) as decimal(18, 2)) as net_revenue,
    cast(sum(gross_margin) as decimal(18, 2)) as gross_margin,
    cast(sum(case when gap_days is null then gross_margin end) as decimal(18, 2)) as first_day_margin,
    median(gap_days) as usual_gap_days,
    min(purchased_on) as first_purchased_on,
    max(purchased_on) as last_purchased_on
from gaps
group by profile_id
