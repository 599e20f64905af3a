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

last_number as (

    {% if is_incremental() -%}
    select coalesce(max(calibration_number), 0) as calibration_number
    from {{ this }}
    {%- else -%}
    select 0 as calibration_number
    {%- endif %}

),

due as (

    select
        measured.*,
        last_number.calibration_number + 1 as calibration_number
    from measured
    cross join last_number
    where {{ 'true' if calibration_due() else 'false' }}

)

select
    cast(calibration_number as bigint) as calibration_number,
    definition,
    metric,
    cast(cut as integer) as cut,
    threshold,
    buyer_count,
    period_end as calibrated_on
from due
