{# Config of a model of activation that is carried on (see `carried_on`): here those are touched as well of whom nothing
   else is known, but time or other cuts took them elsewhere. All is made anew if one of the `terms` is another that
   all rows follow from. In the model `is_touched_in_activation` picks what it reads, by the same terms. #}
{% macro carried_on_in_activation(terms=[], touched='int_activation__touched', key='profile_id') -%}
    {{- config(
        materialized=incremental_or_table(),
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook="{{ forget_touched_in_activation(" ~ terms ~ ", '" ~ touched ~ "', '" ~ key ~ "') }}",
    ) -}}
{%- endmacro %}

{% macro forget_touched_in_activation(terms, touched, key) -%}
    {%- if execute and is_incremental() -%}
        delete from {{ this }} where {{ is_touched_in_activation(key, terms, touched) }}
    {%- endif -%}
{%- endmacro %}

{# The condition that rows of a person are to be made anew: by a column `profile_id`, or by `profile_number` where a large
   table has it. #}
{% macro is_touched_in_activation(column, terms=[], touched='int_activation__touched') -%}
    {%- set key = 'profile_number' if column.endswith('profile_number') else 'profile_id' -%}
    {%- if not execute -%} {%- do ref(touched) -%} {%- endif -%}
    {%- if (are_terms_kept(terms) if terms else is_carried_on()) -%}
        {{ column }} in (select {{ key }} from {{ ref(touched) }} where {{ is_one_of_few(key) }})
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{# Those rows of a model that is carried on in activation, and notes the `build_number` of its rows, which are to be made
   anew in another one by the same terms or more; or all of them: as a relation (see `made_rows`). #}
{% macro made_in_activation(table, terms=[]) -%}
    {%- set condition = is_touched_in_activation('profile_id', terms) -%}
    {%- if condition == 'true' -%}
        {{ table }}
    {%- else -%}
        (
            select * from {{ table }}
            where
                build_number > {{ last_finished().build_number }}
                and {{ condition }}
        )
    {%- endif -%}
{%- endmacro %}

{# What another model says of people who are touched, looked for once for all models of activation
   (`int_activation__touched_profiles`, `int_activation__touched_spans`); or all that it says, if that is to be made anew
   which follows from these terms: as a relation. #}
{% macro of_touched(model, terms=[]) -%}
    {%- set touched = {
        'int_profiles': 'int_activation__touched_profiles', 'int_segments__spans': 'int_activation__touched_spans',
    }[model] -%}
    {%- set condition = is_touched_in_activation('profile_id', terms) -%}
    {%- if not execute -%} {%- do ref(touched) -%} {%- endif -%}
    {{- ref(model) if condition == 'true' else ref(touched) -}}
{%- endmacro %}

{# Config of a model that holds only people who are touched, if others are carried on. #}
{% macro of_touched_people() -%}
    {{- config(
        materialized=incremental_or_table(),
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook='{{ forget_all_rows() }}',
    ) -}}
{%- endmacro %}

{% macro forget_all_rows() -%}
    {%- if execute and is_incremental() -%}
        delete from {{ this }} where true
    {%- endif -%}
{%- endmacro %}
