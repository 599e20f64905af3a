{# The cuts that each period is scored with, one row per period. Held: the last calibration for all
   periods, past and present. Rolling: each period's own. #}
with

periods as (

    select * from {{ ref('int_periods') }}

),

{% if var('rfm_yardstick') == 'held' -%}
calibrations as (

    select
        *,
        max(calibration_number) over () as last_calibration_number
    from {{ ref('int_rfm__calibrations') }}
    where definition = {{ yardstick_definition() }}

),

cuts as (

    select
        periods.period_end,
        calibrations.metric,
        calibrations.cut,
        calibrations.threshold
    from calibrations
    cross join periods
    where calibrations.calibration_number = calibrations.last_calibration_number

),
{%- else -%}
cuts as (

    select
        measured_cuts.period_end,
        measured_cuts.metric,
        measured_cuts.cut,
        measured_cuts.threshold
    from {{ ref('int_rfm__measured_cuts') }} as measured_cuts
    inner join periods on measured_cuts.period_end = periods.period_end

),
{%- endif %}

yardsticks as (

    select
        {{ pivoted_cuts() }},
        period_end
    from cuts
    group by period_end

)

select * from yardsticks
