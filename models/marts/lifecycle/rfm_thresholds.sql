{% if var('rfm_yardstick') == 'held' -%}
with

calibrations as (

    select * from {{ ref('int_rfm__calibrations') }}

),

latest as (

    select max(calibration_number) as calibration_number
    from calibrations
    where definition = {{ yardstick_definition() }}

)

select

    ---------- strings
    calibrations.metric,
    {# Without the fingerprint of the salt, which would help to guess it. #}
    split_part(calibrations.definition, ', data=', 1) as definition,

    ---------- numerics
    calibrations.calibration_number,
    calibrations.cut,
    calibrations.threshold,
    calibrations.buyer_count,

    ---------- booleans
    calibrations.calibration_number = latest.calibration_number as is_current,

    ---------- dates
    calibrations.calibrated_on

from calibrations
cross join latest
{%- else -%}
with

cuts as (

    select * from {{ ref('int_rfm__measured_cuts') }}

),

periods as (

    select * from {{ ref('int_periods') }}

)

select

    ---------- strings
    cuts.metric,
    split_part({{ yardstick_definition() }}, ', data=', 1) as definition,

    ---------- numerics
    cast(dense_rank() over (order by cuts.period_end) as bigint) as calibration_number,
    cast(cuts.cut as integer) as cut,
    cuts.threshold,
    cuts.buyer_count,

    ---------- booleans
    periods.is_current,

    ---------- dates
    cuts.period_end as calibrated_on

from cuts
inner join periods on cuts.period_end = periods.period_end
{%- endif %}
