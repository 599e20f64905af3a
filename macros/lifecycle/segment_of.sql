{# The segment of somebody with a standing, as `standing_of` says it; of a buyer that of his cell of the map. #}
{% macro segment_of(standing, segment_of_cell) -%}
    case
        when {{ standing }} = 'buyer' then {{ segment_of_cell }}
        when {{ standing }} in ('loyal_visitors', 'visitors') then {{ standing }}
    end
{%- endmacro %}
