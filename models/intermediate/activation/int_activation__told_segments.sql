{# What the trigger ledger last said, for each person of today under each profile id that it knew him by.
   Whoever is behind that id now is the heir; and what was split off inherits from the profile that it was part
   of, as `int_identity__changes` has it. #}
with

told as (

    {{ told_triggers() }}

),

ranked as (

    select
        *,
        row_number() over (partition by profile_id order by trigger_seq desc) as age,
        max(change_number) over () as known_changes
    from told
    where profile_id is not null

),

last_told as (

    select
        profile_id,
        to_segment,
        running_campaign_id,
        trigger_seq,
        known_changes
    from ranked
    where age = 1

),

heirs as (

    select
        last_told.profile_id as told_profile_id,
        former_ids.profile_id,
        case
            when last_told.profile_id = former_ids.profile_id then 'own'
            when known.profile_id is not null then 'merge'
            else 'rename'
        end as lineage
    from last_told
    inner join {{ ref('int_activation__former_ids') }} as former_ids
        on last_told.profile_id = former_ids.former_profile_id
    left join last_told as known on former_ids.profile_id = known.profile_id

    union

    {# Of what was found after the last row of the ledger. #}
    select
        last_told.profile_id as told_profile_id,
        former_ids.profile_id,
        case changes.change_type
            when 'merged' then 'merge'
            when 'renamed' then 'rename'
            else 'split'
        end as lineage
    from {{ ref('int_identity__changes') }} as changes
    inner join last_told
        on
            changes.old_profile_id = last_told.profile_id
            and changes.change_number > last_told.known_changes
    inner join {{ ref('int_activation__former_ids') }} as former_ids
        on changes.new_profile_id = former_ids.former_profile_id

),

{# Two ways to the same heir are one. #}
nearest as (

    select
        *,
        row_number() over (
            partition by profile_id, told_profile_id
            order by case lineage when 'own' then 1 when 'merge' then 2 when 'rename' then 3 else 4 end
        ) as nearness
    from heirs

)

select
    nearest.profile_id,
    last_told.profile_id as told_profile_id,
    coalesce(nearest.lineage, 'gone') as lineage,
    last_told.to_segment as segment,
    last_told.running_campaign_id,
    last_told.trigger_seq
from last_told
left join nearest
    on
        last_told.profile_id = nearest.told_profile_id
        and nearest.nearness = 1
