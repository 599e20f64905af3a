{# The day after which people of the control group are compared with others: a window before `as_of_date`, or the
   day before mailing tools left the group out if that is later. Before that there is nothing to see. #}
{% macro control_opens_on(as_of_date='as_of_date') -%}
    {%- set since = var('global_control_since') -%}
    {%- set window_start = days_before(as_of_date, var('value_window_days')) -%}
    {%- if since -%}
        greatest({{ window_start }}, {{ days_before("cast('" ~ since ~ "' as date)", 1) }})
    {%- else -%}
        {{ window_start }}
    {%- endif -%}
{%- endmacro %}
