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

{# The condition that rows of a buyer are to be made anew. #}
{% macro is_touched_at_terms(terms, columns, by) -%}
    {%- set condition = is_touched('profile_id', by=by) -%}
    {%- if not execute -%} {%- do ref(terms) -%} {%- endif -%}
    {{- condition if is_carried_on() and are_terms_same(terms, columns) else 'true' -}}
{%- endmacro %}

{# Asked once for a model: by its hook the SQL was compiled already. #}
{% macro are_terms_same(terms, columns) -%}
    {%- set answers, question = answers_of_run(), 'terms of ' ~ model.unique_id -%}
    {%- if question not in answers -%}
        {%- set now = 'select ' ~ columns | join(', ') ~ ' from ' ~ ref(terms) -%}
        {%- set told = 'select ' ~ columns | join(', ') ~ ' from ' ~ this -%}
        {%- set others = run_query(
            'select count(*) from ((' ~ now ~ ' except ' ~ told ~ ') union all (' ~ told ~ ' except ' ~ now ~ ')) as others'
        ).rows[0].values()[0] -%}
        {%- do answers.update({question: others == 0}) -%}
    {%- endif -%}
    {{- return(answers[question]) -}}
{%- endmacro %}
