-- Whoever a campaign was for is in its audience, in the control group or merged of several: nobody is lost on
-- the way to the result, and nobody counts twice. A campaign that was for nobody on one side has no result.
with

meant as (

    select
        campaign_id,
        count(*) as people
    from {{ ref('int_experiments__campaign_people') }}
    group by campaign_id
    having
        sum(case when is_in_global_control and not is_merged then 1 else 0 end) > 0
        and sum(case when is_in_global_control or is_merged then 0 else 1 end) > 0

),

counted as (

    select
        campaign_id,
        people + control_people + merged_people as people,
        measured_people > people or measured_control_people > control_people as is_overcounted
    from {{ ref('campaign_results') }}
    where method = 'unadjusted'

)

select
    coalesce(meant.campaign_id, counted.campaign_id) as campaign_id,
    meant.people,
    counted.people as counted_people
from meant
full join counted on meant.campaign_id = counted.campaign_id
where
    meant.campaign_id is null
    or counted.campaign_id is null
    or meant.people <> counted.people
    or counted.is_overcounted
