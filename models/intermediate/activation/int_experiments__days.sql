{{ config(materialized=view_or_table()) }}

{# Over which days everybody in a comparison is measured. #}
with

sample as (

    select * from {{ ref('int_experiments__sample') }}

),

definitions as (

    select * from {{ ref('int_experiments__definitions') }}

)

select
    sample.experiment_id,
    sample.campaign_id,
    sample.profile_id,
    sample.profile_number,
    case when sample.is_mixed then 'mixed' else sample.arm end as arm,
    sample.segment,
    sample.stage,
    definitions.goal_metric,
    definitions.goal_days,
    coalesce(sample.plan_number, -1) = coalesce(definitions.plan_number, -1) as is_of_this_plan,
    sample.is_held_back,
    sample.assigned_on,
    sample.assigned_at
from sample
inner join definitions
    on
        sample.experiment_id = definitions.experiment_id
        and sample.arm = definitions.arm
