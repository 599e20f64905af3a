-- A slip in the plan of an experiment would put people into arms that nobody meant, for good: arms that add
-- up to more than everybody, no control arm or two, rows of one experiment that contradict each other, a
-- segment that is none, no dates, a salt or a name that is somebody else's.
with

arms as (

    select
        *,
        coalesce(salt, experiment_id) as bucket_salt
    from {{ ref('experiments') }}

),

experiments as (

    select
        experiment_id,
        sum(share) as shares,
        sum(case when is_control then 1 else 0 end) as control_arms,
        count(*) as arm_count,
        count(distinct assigned_by) as assigned_bys,
        count(distinct coalesce(segments, '')) as segment_lists,
        count(distinct coalesce(cast(starts_on as string), '')) as starts,
        count(distinct coalesce(cast(ends_on as string), '')) as ends,
        count(distinct goal_metric) as goal_metrics,
        count(distinct goal_days) as goal_lengths,
        count(distinct bucket_salt) as salts,
        min(segments) as segments,
        min(starts_on) as starts_on,
        min(ends_on) as ends_on,
        min(assigned_by) as assigned_by,
        min(bucket_salt) as bucket_salt
    from arms
    group by experiment_id

),

-- How many of the names in a list are segments.
lists as (

    select distinct segments as all_names
    from arms
    where segments is not null

),

known as (

    select
        lists.all_names,
        sum(
            case
                when
                    position(
                        '|' || segments.segment || '|' in '|' || replace(lists.all_names, ' ', '') || '|'
                    ) > 0
                    then 1
                else 0
            end
        ) as known_names
    from lists
    cross join {{ ref('segments') }} as segments
    group by lists.all_names

),

salts as (

    select
        bucket_salt,
        count(*) as experiment_count
    from experiments
    where assigned_by = 'hash'
    group by bucket_salt

),

slips as (

    select
        experiment_id,
        'shares add up to more than 1' as slip
    from experiments
    where shares > 1
    union all
    select
        experiment_id,
        'there is not one control arm and one other at least' as slip
    from experiments
    where
        control_arms <> 1
        or arm_count < 2
    union all
    select
        experiment_id,
        'rows differ in something else than arm, share and is_control' as slip
    from experiments
    where greatest(assigned_bys, segment_lists, starts, ends, goal_metrics, goal_lengths, salts) > 1
    union all
    select
        experiments.experiment_id,
        'a segment is not known' as slip
    from experiments
    inner join known on experiments.segments = known.all_names
    where known.known_names <> length(known.all_names) - length(replace(known.all_names, '|', '')) + 1
    union all
    select
        experiment_id,
        'starts_on and ends_on are not both there, in this order' as slip
    from experiments
    where
        starts_on > ends_on
        or (assigned_by = 'hash' and (starts_on is null or ends_on is null))
    union all
    select
        experiments.experiment_id,
        'another experiment, or the global control, has this name or salt' as slip
    from experiments
    left join salts on experiments.bucket_salt = salts.bucket_salt
    where
        coalesce(salts.experiment_count, 1) > 1
        or experiments.bucket_salt = 'control'
        or experiments.experiment_id = 'global_control'

)

select * from slips
