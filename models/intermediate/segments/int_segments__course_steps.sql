{{ config(
    materialized=incremental_or_table(),
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ forget_courses_of_nobody() }}",
) }}

-- depends_on: {{ ref('int_segments__courses') }}

{# The steps of each course that people go. They follow from its hash: of a course that is known nothing has
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

),

steps as (

    select
        course_hash,
        {# All of a course were in the same segment. #}
        min(segment) as segment,
        min(previous_segment) as previous_segment,
        from_period_number
    from moves
    group by course_hash, from_period_number

),

segments as (

    select * from {{ ref('segments') }}

),

{# Where people went to another stage, or outside. Within one they may go from segment to segment. #}
entries as (

    select
        steps.course_hash,
        segments.stage,
        steps.from_period_number,
        lead(steps.from_period_number) over (
            partition by steps.course_hash
            order by steps.from_period_number
        ) - 1 as until_period_number
    from steps
    left join segments on steps.segment = segments.segment
    left join segments as previous_segments on steps.previous_segment = previous_segments.segment
    where coalesce(segments.stage, '') <> coalesce(previous_segments.stage, '')

)

select
    steps.course_hash,
    steps.segment,
    steps.previous_segment,
    entries.stage as entered_stage,
    steps.from_period_number,
    case when entries.stage is not null then entries.until_period_number end as stage_until_period_number
from steps
left join entries
    on
        steps.course_hash = entries.course_hash
        and steps.from_period_number = entries.from_period_number
