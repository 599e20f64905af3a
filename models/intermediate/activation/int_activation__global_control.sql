{# The bucket is that of the id under which a person was first known: who is only renamed stays where he was,
   and who was merged is in control if either part was, for the smaller bucket counts. #}
with

former_ids as (

    select * from {{ ref('int_activation__former_ids') }}

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

used as (

    select
        former_ids.profile_id,
        original.told_id as used_id
    from original
    inner join former_ids on original.told_id = former_ids.former_profile_id
    union
    select
        profiles.profile_id,
        profiles.profile_id as used_id
    from {{ ref('int_profiles') }} as profiles
    left join new_names on profiles.profile_id = new_names.told_id
    where new_names.told_id is null

),

bucketed as (

    select
        profile_id,
        count(*) as id_count,
        min({{ bucket_of('used_id', "'control'") }}) as bucket
    from used
    group by profile_id

),

{# An id that is a new name only, and whose old one leads nowhere, counts for itself. #}
drawn as (

    select
        profiles.profile_id,
        coalesce(
            bucketed.bucket, {{ bucket_of('profiles.profile_id', "'control'") }}
        ) as bucket,
        coalesce(bucketed.id_count, 1) > 1 as is_merged
    from {{ ref('int_profiles') }} as profiles
    left join bucketed on profiles.profile_id = bucketed.profile_id

)

select
    profile_id,
    bucket,
    bucket < round(10000 * {{ var('global_control_share') }}) as is_in_global_control,
    is_merged
from drawn
