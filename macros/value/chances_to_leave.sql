{# How often somebody with so many repeat purchase days could have left for good: in MBG/NBD after the first purchase
   day too, in BG/NBD after repeat ones alone. #}
{% macro chances_to_leave(repeat_days) -%}
    ({{ repeat_days }}{{ ' + 1' if var('clv_model') == 'mbg_nbd' }})
{%- endmacro %}
