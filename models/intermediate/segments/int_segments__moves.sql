{# How many went where and when: of all courses together there are few such moves. #}
select
    steps.segment,
    steps.previous_segment,
    cast(sum(courses.customers) as bigint) as customers,
    steps.from_period_number
from {{ ref('int_segments__course_steps') }} as steps
inner join {{ ref('int_segments__courses') }} as courses on steps.course_hash = courses.course_hash
group by steps.segment, steps.previous_segment, steps.from_period_number
