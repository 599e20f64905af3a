with

judged as (

    select * from {{ ref('int_experiments__judged') }}
    where campaign_id is null

)

select

    ---------- ids
    experiment_id,

    ---------- strings
    arm,
    group_type,
    group_name,
    method,
    goal_metric,
    interval_type,
    verdict,

    ---------- numerics
    goal_days,
    case when not is_mixed then planned_share end as planned_share,
    people,
    held_back_people,
    measured_people,
    visited,
    converted,
    revenue,
    margin,
    cast(visited as double) / nullif(measured_people, 0) as visit_rate,
    cast(converted as double) / nullif(measured_people, 0) as conversion_rate,
    cast(revenue as double) / nullif(measured_people, 0) as revenue_per_head,
    cast(margin as double) / nullif(measured_people, 0) as margin_per_head,
    goal_per_head,
    difference,
    standard_error,
    difference_low,
    difference_high,
    p_value,
    adjusted_p_value,
    relative_lift,
    relative_lift_low,
    relative_lift_high,
    detectable_difference,
    sample_ratio_p_value,

    ---------- booleans
    is_control,
    is_final,
    is_sample_ratio_mismatch,

    ---------- dates
    starts_on,
    ends_on

from judged
