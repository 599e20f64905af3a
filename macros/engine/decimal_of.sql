{# A float as a decimal, rounded half away from zero once it is multiplied out: 8.655 is a little less than that,
   times 100 it still is, and so 8.65. #}
{% macro decimal_of(value, precision, scale) -%}
    {{ adapter.dispatch('decimal_of', 'lifecycle')(value, precision, scale) }}
{%- endmacro %}

{% macro default__decimal_of(value, precision, scale) -%}
    cast({{ value }} as decimal({{ precision }}, {{ scale }}))
{%- endmacro %}

{# By itself Spark rounds what the float is written as, which is 8.655. A product of more than 38 digits would lose
   some of its places. #}
{% macro spark__decimal_of(value, precision, scale) -%}
    cast(
        cast(round(({{ value }}) * 1e{{ scale }}) as decimal({{ [precision, 37 - scale] | min }}, 0))
        * cast(1e-{{ scale }} as decimal({{ scale }}, {{ scale }}))
        as decimal({{ precision }}, {{ scale }})
    )
{%- endmacro %}
