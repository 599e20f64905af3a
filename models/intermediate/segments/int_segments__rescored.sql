{# The base in the period of the last calibration, by the cuts of the one before it. #}
with

periods as (

    select * from {{ ref('int_periods') }}

),

spans as (

    select * from {{ ref('int_segments__spans') }}

),

segment_map as (

    select * from {{ ref('int_segments__map') }}

),

calibrations as (

    select
        *,
        dense_rank() over (order by calibration_number desc) as age
    from {{ ref('int_rfm__calibrations') }}
    where
        definition = {{ yardstick_definition() }}
        and {{ 'true' if var('rfm_yardstick') == 'held' else 'false' }}

),

period_of_calibration as (

    select min(periods.period_number) as period_number
    from calibrations
    inner join periods on calibrations.calibrated_on <= periods.period_end
    where calibrations.age = 1

),

previous_cuts as (

    select
        {{ pivoted_cuts() }},
        calibration_number
    from calibrations
    where age = 2
    group by calibration_number

),

members as (

    select
        spans.segment,
        spans.recency_score is not null as is_buyer,
        spans.lifetime_order_count = 1 as is_one_purchase,
        spans.is_engaged,
        {{ rfm_scores('spans', 'periods.period_end', 'previous_cuts') }},
        periods.period_end
    from spans
    cross join period_of_calibration
    inner join periods on period_of_calibration.period_number = periods.period_number
    cross join previous_cuts
    where
        spans.segment is not null
        and {{ lasts_in('spans', 'periods.period_number') }}

),

placed as (

    select
        members.period_end,
        case when members.is_buyer then segment_map.segment else members.segment end as segment
    from members
    left join segment_map on {{ same_cell('members', 'segment_map') }}

)

select
    segment,
    cast(count(*) as bigint) as customers,
    period_end
from placed
group by segment, period_end
