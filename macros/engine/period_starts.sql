{# A query of the first days (`period_start`) of all periods of a grain from one date to another (both SQL):
   month, week (from Monday) or day. Empty where a date is null. #}
{% macro period_starts(grain, first, last) -%}
    {{ adapter.dispatch('period_starts', 'lifecycle')(grain, first, last) }}
{%- endmacro %}

{% macro default__period_starts(grain, first, last) -%}
    select cast(unnest(generate_series(
        date_trunc('{{ grain }}', cast({{ first }} as date)), {{ last }}, interval 1 {{ grain }}
    )) as date) as period_start
{%- endmacro %}

{# Backwards, Spark counts down instead of giving nothing: such a pair of dates is left out. #}
{% macro spark__period_starts(grain, first, last) -%}
    select explode(case when {{ first }} <= {{ last }} then sequence(
        cast(date_trunc('{{ grain }}', {{ first }}) as date), {{ last }}, interval 1 {{ grain }}
    ) end) as period_start
{%- endmacro %}
