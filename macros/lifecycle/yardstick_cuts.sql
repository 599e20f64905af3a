{# The names of the twelve cuts of a yardstick, with a prefix. #}
{% macro yardstick_cuts(prefix='') -%}
    {%- set names = [] -%}
    {%- for metric in ['recency', 'frequency', 'monetary'] -%}
        {%- for cut in range(1, 5) -%} {%- do names.append(prefix ~ metric ~ '_cut_' ~ cut) -%} {%- endfor -%}
    {%- endfor -%}
    {{- return(names) -}}
{%- endmacro %}
