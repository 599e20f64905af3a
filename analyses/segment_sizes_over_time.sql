-- How did the segments grow and shrink over the last twelve full periods, and which changes were more than
-- chance? Growth of the people in a segment and of its share are not the same while the base grows.
with

ranked as (

    select
        *,
        dense_rank() over (order by period_end desc) as periods_back
    from {{ ref('lifecycle_distribution') }}
    where is_full

),

compared as (

    select
        segment_order,
        stage,
        segment,
        max(case when periods_back = 13 then customers end) as customers_12_periods_ago,
        max(case when periods_back = 1 then customers end) as customers,
        max(case when periods_back = 13 then share end) as share_12_periods_ago,
        max(case when periods_back = 1 then share end) as share,
        max(case when periods_back <= 12 then change end) as largest_rise,
        min(case when periods_back <= 12 then change end) as largest_fall,
        count(case when periods_back <= 12 and is_fluctuation then 1 end) as fluctuations,
        max(case when periods_back <= 12 and is_fluctuation then period_end end) as last_fluctuation
    from ranked
    group by segment_order, stage, segment

)

select
    stage,
    segment,
    customers_12_periods_ago,
    customers,
    cast(customers as double) / nullif(cast(customers_12_periods_ago as double), 0) - 1 as growth,
    share_12_periods_ago,
    share,
    share - share_12_periods_ago as change_of_share,
    largest_rise,
    largest_fall,
    fluctuations,
    last_fluctuation
from compared
order by segment_order
