{# The horizons that purchases are expected over, as (days, weight): purchases of the next so many days, times weight,
   summed, are discounted purchases of the whole horizon. A step between two horizons is discounted as if all of it
   came in its middle: d1 E1 + d2 (E2 - E1) + ... = (d1 - d2) E1 + (d2 - d3) E2 + ... Steps are 30 days long, the
   last is what is left; beyond two years there are 24 of them. Horizons that no step ends at have the weight 0. #}
{% macro clv_horizons() %}
    {%- set whole = var('clv_horizon_days') -%}
    {%- set step = [30, (whole / 24) | round(0, 'ceil') | int] | max -%}
    {%- set ends = range(step, whole, step) | list + [whole] -%}
    {%- set discounts = [] -%}
    {%- for end in ends -%}
        {%- set middle = (end + (ends[loop.index0 - 1] if not loop.first else 0)) / 2 -%}
        {%- do discounts.append((1 + var('annual_discount_rate')) ** (-middle / 365)) -%}
    {%- endfor -%}
    {%- set horizons = [] -%}
    {%- for end in ends -%}
        {%- set next_discount = discounts[loop.index] if not loop.last else 0 -%}
        {%- do horizons.append((end, discounts[loop.index0] - next_discount)) -%}
    {%- endfor -%}
    {%- for days in [30, 90, 365] if days not in ends -%}
        {%- do horizons.append((days, 0)) -%}
    {%- endfor -%}
    {{ return(horizons) }}
{% endmacro %}
