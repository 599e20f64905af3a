{# Config of a model of people in comparisons that is carried on: of those who are touched, and of whole comparisons if
   their terms are others. In the model `is_touched_in_experiments` picks what it reads. #}
{% macro carried_on_in_experiments() -%}
    {{- config(
        materialized=incremental_or_table(),
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook='{{ forget_touched_in_experiments() }}',
    ) -}}
{%- endmacro %}

{% macro forget_touched_in_experiments() -%}
    {%- if execute and is_incremental() -%}
        delete from {{ this }} where {{ is_touched_in_experiments('profile_number', 'experiment_id') }}
    {%- endif -%}
{%- endmacro %}

{# As `made_in_activation` and `of_touched` in activation: of touched people alone if no term is another. #}
{% macro made_in_experiments(table) -%}
    {%- set made = made_in_activation(table) -%}
    {{- made if changed_terms() == [] else table -}}
{%- endmacro %}

{% macro of_touched_in_experiments(model) -%}
    {%- set touched = of_touched(model) -%}
    {{- touched if changed_terms() == [] else ref(model) -}}
{%- endmacro %}

{# The condition that rows of a person in a comparison are to be made anew. #}
{% macro is_touched_in_experiments(person, experiment) -%}
    {%- set is_touched = is_touched_in_activation(person) -%}
    {%- set changed = changed_terms() -%}
    {%- if changed is none -%}
        true
    {%- elif changed -%}
        (
            {{ is_touched }}
            or {{ experiment }} in (
                {%- for term in changed %}'{{ term | replace("'", "''") }}'{{ ', ' if not loop.last }}{% endfor -%}
            )
        )
    {%- else -%}
        {{ is_touched }}
    {%- endif -%}
{%- endmacro %}
