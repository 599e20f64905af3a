{# The condition that of a person something may be another than in the last finished build, or that the
   history was told anew since: a date may have passed for whoever did nothing, and cuts may be others. By a column
   `profile_id`, or by `profile_number` where a table has it. #}
{% macro is_retold(column) -%}
    {%- if not execute -%}
        {%- do ref('int_profiles__touched') -%}
        {%- do ref('int_segments__spans') -%}
    {%- endif -%}
    {%- if is_carried_on() -%}
        {{ column }} in (
            select {{ column }} from {{ ref('int_profiles__touched') }}
            union all
            select {{ column }} from {{ ref('int_segments__spans') }}
            where build_number > {{ last_finished().build_number }}
        )
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{% macro forget_retold() -%}
    {%- if execute and is_incremental() -%}
        delete from {{ this }} where {{ is_retold('profile_id') }}
    {%- endif -%}
{%- endmacro %}

{# The same of a model that has rows of nobody as well, who may be known by now. #}
{% macro forget_retold_or_nobodys() -%}
    {%- if execute and is_incremental() -%}
        delete from {{ this }} where {{ is_retold('profile_id') }} or profile_id is null
    {%- endif -%}
{%- endmacro %}

{# Hook of the history itself: takes out that of everybody of whom it is told anew, or who is no more. #}
{% macro forget_told_anew() -%}
    {%- if execute and is_incremental() -%}
        delete from {{ this }} where {{ is_among_few('profile_number', ref('int_segments__touched')) }}
    {%- endif -%}
{%- endmacro %}
