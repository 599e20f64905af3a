-- Whoever a build put in an arm is in that arm, or mixed. A recorded id may have gone to somebody else, or be
-- nobody's; it may not have changed sides.
with

recorded as (

    select
        recorded.experiment_id,
        recorded.arm,
        former_ids.profile_id
    from {{ ref('int_experiments__recorded') }} as recorded
    inner join {{ ref('int_activation__former_ids') }} as former_ids
        on recorded.profile_id = former_ids.former_profile_id

),

staff as (

    select profile_id
    from {{ ref('int_profiles') }}
    where is_test

)

select
    recorded.experiment_id,
    recorded.profile_id,
    recorded.arm,
    assignments.arm as assigned_arm
from recorded
left join {{ ref('experiment_assignments') }} as assignments
    on
        recorded.experiment_id = assignments.experiment_id
        and recorded.profile_id = assignments.profile_id
left join staff on recorded.profile_id = staff.profile_id
where
    staff.profile_id is null
    and (
        assignments.profile_id is null
        or (recorded.arm <> assignments.arm and not assignments.is_mixed)
    )
