{# The ways that people went from segment to segment, and how many went each: whoever counts moves need not
   ask everybody. #}
with

counted as (

    select
        course_hash,
        count(*) as customers
    from {{ ref('int_segments__spans') }}
    where
        until_period_number is null
        and course_hash is not null
    group by course_hash

)

select
    steps.course_hash,
    steps.segment,
    steps.previous_segment,
    counted.customers,
    steps.from_period_number
from {{ ref('int_segments__course_steps') }} as steps
inner join counted on steps.course_hash = counted.course_hash
