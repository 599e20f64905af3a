{# The ways that people went from segment to segment, and how many went each: whoever counts moves need not
   ask everybody. #}
select
    course_hash,
    {# All of a course were in the same segment. #}
    min(segment) as segment,
    min(previous_segment) as previous_segment,
    count(*) as customers,
    from_period_number
from {{ ref('int_segments__spans') }}
where segment is distinct from previous_segment
group by course_hash, from_period_number
