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

gaps as (

    select
        profile_id,
        {{ days_between(
            'lag(purchased_on) over (partition by profile_id order by purchased_on)', 'purchased_on'
        ) }} as gap_days
    from purchase_days

),

ranked as (

    select
        profile_id,
        gap_days,
        row_number() over (partition by profile_id order by gap_days) as place,
        count(*) over (partition by profile_id) as gap_count
    from gaps
    where gap_days is not null

),

{# The median: the gap in the middle, or the mean of the two there. Engines disagree about their own. #}
usual_gaps as (

    select
        profile_id,
        cast(sum(gap_days) as double) / cast(count(*) as double) as usual_gap_days
    from ranked
    where 2 * place between gap_count and gap_count + 2
    group by profile_id

),

summed as (

    select
        profile_id,
        count(*) as purchase_days,
        sum(order_count) as order_count,
        sum(net_revenue) as net_revenue,
        sum(gross_margin) as gross_margin,
        min(purchased_on) as first_purchased_on,
        max(purchased_on) as last_purchased_on
    from purchase_days
    group by profile_id

)

select
    summed.profile_id,
    cast(summed.purchase_days as bigint) as purchase_days,
    cast(summed.order_count as bigint) as order_count,
    cast(summed.net_revenue as decimal(18, 2)) as net_revenue,
    cast(summed.gross_margin as decimal(18, 2)) as gross_margin,
    usual_gaps.usual_gap_days,
    summed.first_purchased_on,
    summed.last_purchased_on
from summed
left join usual_gaps on summed.profile_id = usual_gaps.profile_id
