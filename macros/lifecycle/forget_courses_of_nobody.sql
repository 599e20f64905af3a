{# Hook of the model that knows the steps of courses: takes out those that nobody went any more in the build before. Of
   what was told since the last finished build all are looked at again. #}
{% macro forget_courses_of_nobody() -%}
    {%- set courses = left_table('intermediate', 'int_segments__courses') -%}
    {%- if execute and is_incremental() -%}
        delete from {{ this }}
        where
            {%- if is_carried_on() and courses %}
            course_hash not in (select course_hash from {{ courses }})
            {%- else %}
            true
            {%- endif %}
    {%- endif -%}
{%- endmacro %}
