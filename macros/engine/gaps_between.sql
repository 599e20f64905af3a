{# The days from each of a list to the next, as a list, without those of 0. `days` is a column, in order. #}
{% macro gaps_between(days) -%}
    {{ adapter.dispatch('gaps_between', 'lifecycle')(days) }}
{%- endmacro %}

{% macro default__gaps_between(days) -%}
    list_filter(
        list_transform(range(2, len({{ days }}) + 1), lambda place: {{ days }}[place] - {{ days }}[place - 1]),
        lambda gap: gap > 0
    )
{%- endmacro %}

{# Places count from 0 here: that of a day in the list without the first is that of the day before it. #}
{% macro spark__gaps_between(days) -%}
    filter(
        transform(
            slice({{ days }}, 2, size({{ days }})),
            (day, place) -> cast(datediff(day, {{ days }}[place]) as bigint)
        ),
        gap -> gap > 0
    )
{%- endmacro %}
