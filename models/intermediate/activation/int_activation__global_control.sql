{{ carried_on_in_activation(key='profile_number') }}

{# The bucket is that of the id under which a person was first known: who is only renamed stays where he was,
   and who was merged is in control if either part was, for the smaller bucket counts. #}
with

changed_ids as (

    select * from {{ ref('int_activation__changed_ids') }}

),

mentions as (

    select
        change_number,
        old_profile_id as told_id,
        false as is_new_name
    from {{ ref('int_identity__changes') }}
    union all
    select
        change_number,
        new_profile_id as told_id,
        change_type = 'renamed' as is_new_name
    from {{ ref('int_identity__changes') }}
    where new_profile_id is not null

),

first_mentions as (

    select
        told_id,
        is_new_name,
        row_number() over (partition by told_id order by change_number, is_new_name) as place
    from mentions

),

{# Ids that a change mentions and that were no other name of somebody known before. #}
original as (

    select told_id
    from first_mentions
    where
        place = 1
        and not is_new_name

),

new_names as (

    select told_id
    from first_mentions
    where
        place = 1
        and is_new_name

),

{# What else people of today were known under. #}
former as (

    select
        changed_ids.profile_id,
        count(*) as id_count,
        min({{ bucket_of('original.told_id', "'control'") }}) as bucket
    from original
    inner join changed_ids on original.told_id = changed_ids.former_profile_id
    where original.told_id <> changed_ids.profile_id
    group by changed_ids.profile_id

),

{# The id of today counts if it is no new name only, or if the old one leads nowhere. #}
drawn as (

    select
        profiles.profile_id,
        {{ bucket_of('profiles.profile_id', "'control'") }} as own_bucket,
        former.bucket as former_bucket,
        coalesce(former.id_count, 0) as former_count,
        new_names.told_id is not null and former.profile_id is not null as is_renamed
    from {{ of_touched('int_profiles') }} as profiles
    left join former on profiles.profile_id = former.profile_id
    left join new_names on profiles.profile_id = new_names.told_id

),

bucketed as (

    select
        profile_id,
        case
            when is_renamed then former_bucket
            else least(own_bucket, coalesce(former_bucket, own_bucket))
        end as bucket,
        former_count + case when is_renamed then 0 else 1 end > 1 as is_merged
    from drawn

)

select
    profile_id,
    {{ number_of('profile_id') }} as profile_number,
    bucket,
    bucket < round(10000 * {{ var('global_control_share') }}) as is_in_global_control,
    is_merged,
    {{ build_number() }} as build_number
from bucketed
