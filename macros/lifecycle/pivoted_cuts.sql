{# The twelve cuts of a yardstick as columns, out of rows of metric, cut and threshold: for a `group by`. #}
{% macro pivoted_cuts() -%}
    {%- for metric in ['recency', 'frequency', 'monetary'] -%}
        {%- for cut in range(1, 5) -%}
    max(case when metric = '{{ metric }}' and cut = {{ cut }} then threshold end) as {{ metric }}_cut_{{ cut }}
    {%- if not (metric == 'monetary' and cut == 4) -%}, {% endif %}
        {% endfor -%}
    {%- endfor -%}
{%- endmacro %}
