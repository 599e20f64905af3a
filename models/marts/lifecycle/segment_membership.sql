with

membership as (

    select * from {{ ref('int_segments__membership') }}

)

select

    ---------- ids
    profile_id,

    ---------- strings
    segment,
    stage,
    previous_segment,
    previous_stage,
    out_of_base_reason,

    ---------- numerics
    cast(recency_score as integer) as recency_score,
    cast(frequency_score as integer) as frequency_score,
    cast(monetary_score as integer) as monetary_score,
    cast(recency_days as bigint) as recency_days,
    order_count,
    net_revenue,
    lifetime_order_count,

    ---------- booleans
    is_engaged,
    is_current,
    is_full,

    ---------- dates
    period_end,
    entered_on

from membership
