{# Whether a calibration is to be added: there is none of this definition, the last one is due, or the var asks for it. #}
{% macro calibration_due() -%}
    {%- if not execute -%} {%- do ref('int_as_of_date') -%} {%- endif -%}
    {%- set kept = state_table('int_rfm__calibrations') -%}
    {%- if kept is none or var('recalibrate') -%}
        {{- return(true) -}}
    {%- endif -%}
    {%- set found = run_query(
        'select coalesce(' ~ days_between('max(kept.calibrated_on)', 'max(as_of.as_of_date)')
        ~ ' >= ' ~ var('rfm_recalibrate_after_days') ~ ', true) from ' ~ ref('int_as_of_date') ~ ' as as_of left join '
        ~ kept ~ ' as kept on kept.definition = ' ~ yardstick_definition()
    ).rows[0].values()[0] -%}
    {{- return(found) -}}
{%- endmacro %}

{# Whether anything is to be measured: a yardstick that is held says the same until the next calibration. #}
{% macro cuts_measured() -%}
    {{- return(calibration_due() if var('rfm_yardstick') == 'held' else true) -}}
{%- endmacro %}
