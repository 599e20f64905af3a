{{ config(
    materialized='incremental',
    incremental_strategy='append',
    full_refresh=false,
    on_schema_change='fail',
    database=state_database(),
    schema=state_schema(),
) }}

{# State: the cuts that were in force when. A calibration is added when there is none of this definition,
   when the last one is due, or when the var asks for it; it is never changed. #}
with

measured as (

    select
        cuts.*,
        {{ yardstick_definition() }} as definition
    from {{ ref('int_rfm__measured_cuts') }} as cuts
    inner join {{ ref('int_periods') }} as periods
        on
            cuts.period_end = periods.period_end
            and periods.is_current

),

{% if is_incremental() -%}
kept as (

    select
        max(calibration_number) as last_number,
        max(case when definition = {{ yardstick_definition() }} then calibrated_on end) as calibrated_on
    from {{ this }}

),

due as (

    select
        measured.*,
        coalesce(kept.last_number, 0) + 1 as calibration_number
    from measured
    cross join kept
    where
        kept.calibrated_on is null
        or {{ 'true' if var('recalibrate') else 'false' }}
        or {{ days_between('kept.calibrated_on', 'measured.period_end') }}
        >= {{ var('rfm_recalibrate_after_days') }}

)
{%- else -%}
due as (

    select
        measured.*,
        1 as calibration_number
    from measured

)
{%- endif %}

select
    cast(calibration_number as bigint) as calibration_number,
    definition,
    metric,
    cast(cut as integer) as cut,
    threshold,
    buyer_count,
    period_end as calibrated_on
from due
