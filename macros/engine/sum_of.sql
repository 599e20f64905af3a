{# The sum of a list of amounts. #}
{% macro sum_of(amounts) -%}
    {{ adapter.dispatch('sum_of', 'lifecycle')(amounts) }}
{%- endmacro %}

{% macro default__sum_of(amounts) -%}
    cast(list_sum({{ amounts }}) as decimal(18, 2))
{%- endmacro %}

{% macro spark__sum_of(amounts) -%}
    aggregate(
        {{ amounts }},
        cast(0 as decimal(18, 2)),
        (total, amount) -> cast(total + amount as decimal(18, 2))
    )
{%- endmacro %}
