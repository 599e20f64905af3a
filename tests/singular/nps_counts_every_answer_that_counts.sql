-- Answers of all quarters: the last one of each person and quarter, and all of people nobody knows. A stage
-- has the answers of its segments, and all has at least those of the stages.
with

responses as (

    select * from {{ ref('int_survey__responses') }}

),

wanted as (

    select
        count(
            distinct coalesce(profile_id, response_id) || cast(date_trunc('quarter', responded_on) as string)
        ) as responses
    from responses

),

counted as (

    select
        coalesce(sum(case when group_type = 'all' then responses end), 0) as all_responses,
        coalesce(sum(case when group_type = 'stage' then responses end), 0) as stage_responses,
        coalesce(sum(case when group_type = 'segment' then responses end), 0) as segment_responses,
        sum(case when responses <> promoters + passives + detractors then 1 else 0 end) as wrong_sums
    from {{ ref('nps_by_group') }}

)

select
    wanted.responses,
    counted.all_responses,
    counted.stage_responses,
    counted.segment_responses,
    counted.wrong_sums
from wanted
cross join counted
where
    wanted.responses <> counted.all_responses
    or counted.stage_responses <> counted.segment_responses
    or counted.stage_responses > counted.all_responses
    or counted.wrong_sums > 0
