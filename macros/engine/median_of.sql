{# The median of a list of whole numbers; null if it is empty. #}
{% macro median_of(numbers) -%}
    {{ adapter.dispatch('median_of', 'lifecycle')(numbers) }}
{%- endmacro %}

{% macro default__median_of(numbers) -%}
    list_median({{ numbers }})
{%- endmacro %}

{% macro spark__median_of(numbers) -%}
    {%- set sorted = 'array_sort(' ~ numbers ~ ')' -%}
    {%- set count = 'size(' ~ numbers ~ ')' -%}
    {%- set lower = sorted ~ '[cast((' ~ count ~ ' - 1) div 2 as int)]' -%}
    {%- set upper = sorted ~ '[cast(' ~ count ~ ' div 2 as int)]' -%}
    case when {{ count }} > 0 then cast({{ lower }} + {{ upper }} as double) / 2 end
{%- endmacro %}
