-- How long until a buyer buys again? Kaplan-Meier: who has not bought again by the as-of date counts for as
-- long as he has been watched, and not as somebody who never will. Purchases of one day are one. Every step
-- of the curve is worked out; the last one up to each of the days listed is shown.
with

today as (

    select max(period_end) as as_of_date
    from {{ ref('segment_membership') }}
    where is_current

),

purchase_days as (

    select distinct
        orders.profile_id,
        orders.ordered_on
    from {{ ref('orders') }} as orders
    inner join today on orders.ordered_on <= today.as_of_date
    where
        orders.is_purchase
        and orders.profile_id is not null

),

numbered as (

    select
        profile_id,
        ordered_on,
        row_number() over (partition by profile_id order by ordered_on) as purchase_number,
        lead(ordered_on) over (partition by profile_id order by ordered_on) as next_ordered_on
    from purchase_days

),

buyers as (

    select
        {{ days_between(
            'numbered.ordered_on', 'coalesce(numbered.next_ordered_on, today.as_of_date)'
        ) }} as days,
        numbered.next_ordered_on is not null as has_bought_again
    from numbered
    cross join today
    where numbered.purchase_number = 1

),

counted as (

    select
        days,
        count(*) as buyers,
        count(case when has_bought_again then 1 end) as second_orders
    from buyers
    group by days

),

at_risk as (

    select
        days,
        second_orders,
        sum(buyers) over (order by days desc) as buyers_at_risk
    from counted

),

{# The product of what is left at each step, as a sum of logarithms. #}
curve as (

    select
        days,
        buyers_at_risk,
        min(
            case when second_orders = buyers_at_risk then 0 else 1 end
        ) over (order by days)
        * exp(
            sum(
                case
                    when second_orders < buyers_at_risk
                        then ln(1 - cast(second_orders as double) / cast(buyers_at_risk as double))
                    else 0
                end
            ) over (order by days)
        ) as share_without_second_order
    from at_risk

),

milestones as (

    {%- for days in [0, 7, 14, 30, 60, 90, 120, 180, 270, 365, 545, 730, 1095] %}
    select {{ days }} as within_days
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

{# Where nobody has been watched for so long there is nothing to say. #}
reached as (

    select
        milestones.within_days,
        max(case when curve.days <= milestones.within_days then curve.days end) as days
    from milestones
    cross join curve
    group by milestones.within_days
    having milestones.within_days <= max(curve.days)

),

{# A share that rests on few buyers is a guess. #}
watched as (

    select
        reached.within_days,
        reached.days,
        count(*) as buyers_still_watched
    from reached
    inner join buyers on reached.within_days <= buyers.days
    group by reached.within_days, reached.days

)

select
    watched.within_days,
    watched.buyers_still_watched,
    1 - curve.share_without_second_order as share_with_second_order
from watched
inner join curve on watched.days = curve.days
order by watched.within_days
