{# The ways that people went from segment to segment, and how many went each: whoever counts moves need not
   ask everybody. #}
select
    course_hash,
    count(*) as customers
from {{ ref('int_segments__spans') }}
where
    until_period_number is null
    and course_hash is not null
group by course_hash
