{# The names of the twelve cuts of a yardstick. #}
{% macro yardstick_cuts() -%}
    {%- set names = [] -%}
    {%- for metric in ['recency', 'frequency', 'monetary'] -%}
        {%- for cut in range(1, 5) -%} {%- do names.append(metric ~ '_cut_' ~ cut) -%} {%- endfor -%}
    {%- endfor -%}
    {{- return(names) -}}
{%- endmacro %}
