{# The condition that a row of a history is of a course whose steps a model does not know yet. All that were told since the
   last finished build are looked at: nothing else can be of one. #}
{% macro is_of_new_course() -%}
    {%- if is_carried_on() -%}
        (
            build_number > {{ last_finished().build_number }}
            and course_hash not in (select known.course_hash from {{ this }} as known)
        )
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{# Hook of that model: takes out the steps of courses that nobody goes any more. #}
{% macro forget_courses_of_nobody() -%}
    {%- if execute and is_incremental() -%}
        delete from {{ this }}
        where
            {%- if is_carried_on() %}
            course_hash not in (select course_hash from {{ ref('int_segments__courses') }})
            {%- else %}
            true
            {%- endif %}
    {%- endif -%}
{%- endmacro %}
