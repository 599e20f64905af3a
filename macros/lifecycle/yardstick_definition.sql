{# What cuts are measured by. Cuts of another definition are of no use, whatever their age. #}
{% macro yardstick_definition() -%}
    {{- return(
        'frequency_cuts=' ~ var('frequency_cuts')
        ~ ', rfm_window_days=' ~ var('rfm_window_days')
        ~ ', buyer_window_days=' ~ var('buyer_window_days')
        ~ ', reporting_currency=' ~ var('reporting_currency')
    ) -}}
{%- endmacro %}
