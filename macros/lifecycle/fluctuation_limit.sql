{# How far from the mean of n earlier changes, in standard deviations, chance alone takes a change in 27 of
   10,000 cases: the quantile of Student's t for n - 1 degrees of freedom. A normal distribution would say 3
   for all; with so few changes to go by that rings too often. Written with
   `scipy.stats.t.ppf(1 - 0.0027 / 2, n - 1)`; null for another n than 6 to 12. #}
{% macro fluctuation_limit(change_count) -%}
    case {{ change_count }}
        when 6 then 5.506985
        when 7 then 4.903990
        when 8 then 4.529910
        when 9 then 4.276577
        when 10 then 4.094205
        when 11 then 3.956890
        when 12 then 3.849893
    end
{%- endmacro %}
