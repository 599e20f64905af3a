{# The tenth that a rank falls into, 1 the best. Equal values have one rank, so they are in one decile: the best of
   those that they span. #}
{% macro decile(place, of) -%}
    cast(floor(10.0 * ({{ place }} - 1) / {{ of }}) + 1 as integer)
{%- endmacro %}
