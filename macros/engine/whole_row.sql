{# A row of the aliased relation as one value: cheap to carry along, and turned to text only where needed. #}
{% macro whole_row(relation) -%}
    {{ adapter.dispatch('whole_row', 'lifecycle')(relation) }}
{%- endmacro %}

{% macro default__whole_row(relation) -%}
    {{ relation }}
{%- endmacro %}

{% macro spark__whole_row(relation) -%}
    struct({{ relation }}.*)
{%- endmacro %}
