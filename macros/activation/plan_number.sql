{# A number that stands for the arms of a row's experiment and what part of its people each is meant to have: a
   window over arms with `share` and `total_share`. Where all shares grow alike it stays the same. #}
{% macro plan_number() -%}
    {%- set part = "arm || '=' || cast(cast(round(10000 * share / nullif(total_share, 0)) as integer) as string)" -%}
    cast(sum({{ hash_number(part) }} % 1000000007) over (partition by experiment_id) as bigint)
{%- endmacro %}
