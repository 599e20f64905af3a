{{ config(
    materialized='incremental',
    incremental_strategy='append',
    full_refresh=false,
    on_schema_change='fail',
    database=state_database(),
    schema=state_schema(),
    post_hook="
        delete from {{ this }} where profile_id in (
            select identifier_hash from {{ ref('int_privacy__denied_identifiers') }}
        )
    ",
) }}

{# State: who was put in which arm when, by the buckets of `seeds/experiments.csv`. It is added to and never
   changed, so nobody moves when a share grows, or on leaving the segment. The hook takes the erased out. #}
with

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

membership as (

    select * from {{ ref('segment_membership') }}
    where
        is_current
        and segment is not null

),

segments as (

    select * from {{ ref('segments') }}

),

running as (

    select
        experiments.*,
        coalesce(experiments.salt, experiments.experiment_id) as bucket_salt,
        '|' || replace(experiments.segments, ' ', '') || '|' as segment_list,
        sum(experiments.share) over (partition by experiments.experiment_id) as total_share
    from {{ ref('experiments') }} as experiments
    inner join as_of
        on
            experiments.starts_on <= as_of.as_of_date
            and experiments.ends_on >= as_of.as_of_date
    where experiments.assigned_by = 'hash'

),

{# Of those who are in at all each arm takes its part of the buckets, the control arm the first ones. #}
ranges as (

    select
        experiment_id,
        arm,
        {{ plan_number() }} as plan_number,
        round(
            10000 * (
                sum(share) over (
                    partition by experiment_id
                    order by case when is_control then 0 else 1 end, arm
                    rows between unbounded preceding and current row
                ) - share
            ) / nullif(total_share, 0)
        ) as first_bucket,
        round(
            10000 * sum(share) over (
                partition by experiment_id
                order by case when is_control then 0 else 1 end, arm
                rows between unbounded preceding and current row
            ) / nullif(total_share, 0)
        ) as end_bucket
    from running

),

targets as (

    select distinct
        running.experiment_id,
        running.bucket_salt,
        running.total_share,
        segments.segment
    from running
    inner join segments
        on
            running.segments is null
            or position('|' || segments.segment || '|' in running.segment_list) > 0

),

{# Whether somebody is in is drawn apart from the arm: when shares grow, those who come in are spread over the
   arms as those before them were. #}
bucketed as (

    select
        targets.experiment_id,
        membership.profile_id,
        membership.segment,
        membership.stage,
        {{ bucket_of('membership.profile_id', 'targets.bucket_salt') }} as bucket
    from membership
    inner join targets on membership.segment = targets.segment
    where
        {{ bucket_of('membership.profile_id', "targets.bucket_salt || ':share'") }}
        < round(10000 * targets.total_share)

),

drawn as (

    select
        bucketed.*,
        ranges.arm,
        ranges.plan_number
    from bucketed
    inner join ranges
        on
            bucketed.experiment_id = ranges.experiment_id
            and bucketed.bucket >= ranges.first_bucket
            and bucketed.bucket < ranges.end_bucket

),

{# Under any id that the person ever had. #}
known as (

    {% if is_incremental() -%}
    select distinct
        kept.experiment_id,
        former_ids.profile_id
    from {{ this }} as kept
    inner join {{ ref('int_activation__former_ids') }} as former_ids on kept.profile_id = former_ids.former_profile_id
    {%- else -%}
    select
        cast(null as string) as experiment_id,
        former_ids.profile_id
    from {{ ref('int_activation__former_ids') }} as former_ids
    where false
    {%- endif %}

)

select
    drawn.experiment_id,
    drawn.profile_id,
    drawn.arm,
    drawn.segment,
    drawn.stage,
    drawn.bucket,
    drawn.plan_number,
    as_of.as_of_date as assigned_on
from drawn
cross join as_of
left join known
    on
        drawn.experiment_id = known.experiment_id
        and drawn.profile_id = known.profile_id
where known.profile_id is null
