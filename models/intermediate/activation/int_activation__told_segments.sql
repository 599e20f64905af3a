{{ of_touched_people() }}

{# What the trigger ledger last said, for each person of today under each profile id that it knew him by.
   Whoever is behind that id now is the heir; and what was split off inherits from the profile that it was part
   of, as `int_identity__changes` has it. Of people who are not touched the ledger says where they are, under the id
   that they have: only the last row of all is here of them, by which the ledger knows that this was made after it. #}
with

last_known as (

    select
        max(case when profile_id is not null then trigger_seq end) as trigger_seq,
        max(case when profile_id is not null then change_number end) as change_number
    from ({{ told_triggers() }}) as told

),

looked_at as (

    select * from ({{ told_triggers() }}) as told
    where
        profile_id is not null
        and {{ is_touched_in_activation('profile_id') }}
    {% if is_carried_on() %}
    {# Who is named last may be one of them. #}
    union
    select * from ({{ told_triggers() }}) as told
    where trigger_seq = (select last_known.trigger_seq from last_known)
    {% endif %}

),

ranked as (

    select
        *,
        row_number() over (partition by profile_id order by trigger_seq desc) as age
    from looked_at

),

last_told as (

    select
        ranked.profile_id,
        ranked.to_segment,
        ranked.running_campaign_id,
        ranked.trigger_seq,
        last_known.change_number as known_changes
    from ranked
    cross join last_known
    where ranked.age = 1

),

{# Under its own id, and by changes that were found after the last row of the ledger. #}
led_to as (

    select
        profile_id as told_profile_id,
        profile_id as former_profile_id,
        cast(null as string) as change_type
    from last_told
    union all
    select
        last_told.profile_id as told_profile_id,
        changes.new_profile_id as former_profile_id,
        changes.change_type
    from {{ ref('int_identity__changes') }} as changes
    inner join last_told
        on
            changes.old_profile_id = last_told.profile_id
            and changes.change_number > last_told.known_changes

),

{# Ids that the list of changes does not name. Most are those of people of today. #}
unchanged as (

    select last_told.profile_id
    from last_told
    left join {{ ref('int_activation__changed_ids') }} as changed_ids
        on last_told.profile_id = changed_ids.former_profile_id
    where changed_ids.former_profile_id is null

),

still_there as (

    select profiles.profile_id
    from {{ of_touched('int_profiles') }} as profiles
    where {{ is_among_few('profiles.profile_id', 'unchanged') }}
    {% if is_carried_on() %}
    {# Whoever is not touched is there as he was. #}
    union all
    select profile_id from unchanged
    where profile_id not in (select touched.profile_id from {{ ref('int_activation__touched') }} as touched)
    {% endif %}

),

elsewhere as (

    select unchanged.profile_id
    from unchanged
    left join still_there on unchanged.profile_id = still_there.profile_id
    where still_there.profile_id is null

),

former_ids as (

    select
        former_profile_id,
        profile_id
    from {{ ref('int_activation__changed_ids') }}
    union all
    select
        profile_id as former_profile_id,
        profile_id
    from still_there
    union all
    select
        identifiers.identifier_hash as former_profile_id,
        identifiers.profile_id
    from {{ ref('int_identity__identifiers') }} as identifiers
    where {{ is_among_few('identifiers.identifier_hash', 'elsewhere', 'profile_id') }}

),

followed as (

    select
        led_to.told_profile_id,
        led_to.change_type,
        former_ids.profile_id
    from led_to
    inner join former_ids on led_to.former_profile_id = former_ids.former_profile_id

),

followed_elsewhere as (

    select distinct profile_id
    from followed
    where told_profile_id <> profile_id

),

{% if is_carried_on() %}
followed_at_rest as (

    select profile_id from followed_elsewhere
    where profile_id not in (select touched.profile_id from {{ ref('int_activation__touched') }} as touched)

),
{% endif %}

known as (

    select looked_at.profile_id
    from looked_at
    inner join followed_elsewhere on looked_at.profile_id = followed_elsewhere.profile_id
    group by looked_at.profile_id
    {% if is_carried_on() %}
    union
    select profile_id from ({{ told_triggers() }}) as told
    where {{ is_among_few('profile_id', 'followed_at_rest') }}
    {% endif %}

),

heirs as (

    select
        followed.told_profile_id,
        followed.profile_id,
        case
            when followed.change_type = 'merged' then 'merge'
            when followed.change_type = 'renamed' then 'rename'
            when followed.change_type is not null then 'split'
            when followed.told_profile_id = followed.profile_id then 'own'
            when known.profile_id is not null then 'merge'
            else 'rename'
        end as lineage
    from followed
    left join known on followed.profile_id = known.profile_id

),

{# Several ways to the same heir are one. #}
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
