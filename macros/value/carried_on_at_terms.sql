{# Config of a model of buyers that is carried on as long as its terms are the same: what rows follow from beside what the
   buyer himself did. They are these columns of another model, and of the rows that were made by them. In the model
   `is_touched_at_terms` picks what it reads. #}
{% macro carried_on_at_terms(terms, columns, by) -%}
    {{- config(
        materialized=incremental_or_table(),
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook="{{ forget_touched_at_terms('" ~ terms ~ "', " ~ columns ~ ", " ~ by ~ ") }}",
    ) -}}
{%- endmacro %}

{% macro forget_touched_at_terms(terms, columns, by) -%}
    {%- if execute and is_incremental() -%}
        delete from {{ this }} where {{ is_touched_at_terms(terms, columns, by) }}
    {%- endif -%}
{%- endmacro %}

{# The condition that rows of a buyer are to be made anew: of the model, or of another one (its name), which
   is made after it and asks it for those. #}
{% macro is_touched_at_terms(terms, columns, by, asked_by=none) -%}
    {%- set condition = is_touched('profile_id', by=by) -%}
    {%- if not execute -%} {%- do ref(terms) -%} {%- endif -%}
    {%- set told = left_table('intermediate', asked_by) if asked_by else this -%}
    {{- condition if is_carried_on() and told and are_terms_same(terms, columns, told) else 'true' -}}
{%- endmacro %}

{# Asked once, before anything is made anew: by its hook a model was compiled already. #}
{% macro are_terms_same(terms, columns, told) -%}
    {%- set answers, question = answers_of_run(), 'terms of ' ~ told -%}
    {%- if question not in answers -%}
        {%- set now = 'select ' ~ columns | join(', ') ~ ' from ' ~ ref(terms) -%}
        {%- set then = 'select ' ~ columns | join(', ') ~ ' from ' ~ told -%}
        {%- set others = run_query(
            'select count(*) from ((' ~ now ~ ' except ' ~ then ~ ') union all (' ~ then ~ ' except ' ~ now ~ ')) as others'
        ).rows[0].values()[0] -%}
        {%- do answers.update({question: others == 0}) -%}
    {%- endif -%}
    {{- return(answers[question]) -}}
{%- endmacro %}
