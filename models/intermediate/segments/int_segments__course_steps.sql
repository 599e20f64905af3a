{{ config(
    materialized=incremental_or_table(),
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ forget_courses_of_nobody() }}",
) }}

{# The steps of each course that people went. They follow from its hash: of a course that is known nothing has
   to be read again, however many go it. #}
with

moves as (

    select
        course_hash,
        segment,
        previous_segment,
        from_period_number
    from {{ ref('int_segments__spans') }}
    where
        segment is distinct from previous_segment
        and {{ is_of_new_course() }}

)

select
    course_hash,
    {# All of a course were in the same segment. #}
    min(segment) as segment,
    min(previous_segment) as previous_segment,
    from_period_number
from moves
group by course_hash, from_period_number
