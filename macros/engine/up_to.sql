{# Those values of a list that belong to a day up to this one: `days` is a list of as many. #}
{% macro up_to(day, days, values) -%}
    {{ adapter.dispatch('up_to', 'lifecycle')(day, days, values) }}
{%- endmacro %}

{% macro default__up_to(day, days, values) -%}
    list_transform(
        list_filter(range(1, len({{ days }}) + 1), lambda place: {{ days }}[place] <= {{ day }}),
        lambda place: {{ values }}[place]
    )
{%- endmacro %}

{# Places count from 0 here, in both. #}
{% macro spark__up_to(day, days, values) -%}
    filter({{ values }}, (value, place) -> {{ days }}[place] <= {{ day }})
{%- endmacro %}
