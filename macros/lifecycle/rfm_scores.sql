{# The columns recency_score, frequency_score and monetary_score of `buyers` on a day, which have what rfm_steps tells,
   by the cuts of `cuts`, as pivoted_cuts makes them. A score is 1 plus the number of cuts that the value exceeds; a
   cut that could not be measured is exceeded by none. Null where `condition` does not hold. #}
{% macro rfm_scores(buyers, day, cuts, condition=none) -%}
    {%- set values = {
        'recency': '-' ~ days_between(buyers ~ '.last_purchased_on', day),
        'frequency': buyers ~ '.order_count',
        'monetary': buyers ~ '.net_revenue',
    } -%}
    {%- for metric, value in values.items() -%}
    {% if condition %}case when {{ condition }} then {% endif -%}
    1
    {%- for cut in range(1, 5) %}
    + case when {{ value }} > {{ cuts }}.{{ metric }}_cut_{{ cut }} then 1 else 0 end
    {%- endfor %}
    {%- if condition %} end{% endif %} as {{ metric }}_score
    {%- if not loop.last %},
    {% endif -%}
    {%- endfor -%}
{%- endmacro %}
