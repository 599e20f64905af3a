{# 1 plus the number of cuts that the value exceeds. A cut that could not be measured is exceeded by none. #}
{% macro rfm_score(value, metric) -%}
    1
    {%- for cut in range(1, 5) %}
    + case when {{ value }} > {{ metric }}_cut_{{ cut }} then 1 else 0 end
    {%- endfor %}
{%- endmacro %}
