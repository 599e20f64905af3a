{{ config(
    materialized='incremental',
    incremental_strategy='append',
    full_refresh=false,
    on_schema_change='fail',
    database=state_database(),
    schema=state_schema(),
) }}

{# State: what became of profile ids from one build to the next. The identifiers of this build are compared
   with those that `profile_identifiers` holds before it is made anew: what was told then, what is true now. #}
{% set told = left_table('marts', 'profile_identifiers') %}
{% if not execute %} {% do ref('int_identity__touched_identifiers') %} {% endif %}

with

{# Of whoever an identifier came to or went from, all identifiers are touched, now and then. #}
told as (

    {% if is_carried_on() %}
    select
        identifier_hash,
        old_profile_id as profile_id
    from {{ ref('int_identity__touched_identifiers') }}
    where old_profile_id is not null
    {% else %}
    {{ told_identifiers(told) }}
    {% endif %}

),

now_found as (

    select
        identifiers.identifier_hash,
        identifiers.profile_id
    from {{ ref('int_identity__identifiers') }} as identifiers
    where {{ is_new('identifiers') if is_carried_on() else 'true' }}

),

compared as (

    select
        told.profile_id as old_profile_id,
        now_found.profile_id as new_profile_id
    from told
    left join now_found on told.identifier_hash = now_found.identifier_hash

),

common as (

    select count(new_profile_id) as identifier_count
    from compared

),

{# Nothing in common is another shop or another salt, and no change of anybody. What is carried on has both of
   the last build, and compares only what is touched. #}
comparable as (

    select compared.*
    from compared
    cross join common
    where {{ 'true' if is_carried_on() else 'common.identifier_count > 0' }}

),

{# Profiles by their anchors. #}
current_profiles as (

    select profile_id from now_found
    where identifier_hash = profile_id

),

told_profiles as (

    select profile_id from told
    where identifier_hash = profile_id

),

moved as (

    select
        old_profile_id,
        new_profile_id,
        count(*) as identifier_count
    from comparable
    where old_profile_id <> new_profile_id
    group by old_profile_id, new_profile_id

),

{# Profiles of which nothing is left: erased, or of identifiers that by now belong to nobody. #}
gone as (

    select
        old_profile_id,
        count(*) as identifier_count
    from comparable
    group by old_profile_id
    having count(new_profile_id) = 0

),

found as (

    select
        case
            when survivors.profile_id is null and known.profile_id is not null then 'merged'
            when survivors.profile_id is null then 'renamed'
            when known.profile_id is null then 'split'
            else 'moved'
        end as change_type,
        moved.old_profile_id,
        moved.new_profile_id,
        moved.identifier_count
    from moved
    left join current_profiles as survivors on moved.old_profile_id = survivors.profile_id
    left join told_profiles as known on moved.new_profile_id = known.profile_id
    union all
    select
        'removed' as change_type,
        old_profile_id,
        cast(null as string) as new_profile_id,
        identifier_count
    from gone

),

{% if is_incremental() -%}
kept as (

    select
        *,
        {# Both ways of a pair are one story, whose last word counts. #}
        row_number() over (
            partition by
                least(old_profile_id, coalesce(new_profile_id, '')),
                greatest(old_profile_id, coalesce(new_profile_id, ''))
            order by change_number desc
        ) as age
    from {{ this }}

),

{# A build that broke off after this step is not told twice. #}
unrecorded as (

    select found.*
    from found
    left join kept
        on
            kept.age = 1
            and found.change_type = kept.change_type
            and found.old_profile_id = kept.old_profile_id
            and coalesce(found.new_profile_id, '') = coalesce(kept.new_profile_id, '')
    where kept.change_type is null

),

last_number as (

    select coalesce(max(change_number), 0) as change_number
    from kept

),
{%- else -%}
unrecorded as (

    select * from found

),

last_number as (

    select 0 as change_number

),
{%- endif %}

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

)

select
    cast(
        last_number.change_number + row_number() over (
            order by unrecorded.change_type, unrecorded.old_profile_id, unrecorded.new_profile_id
        ) as bigint
    ) as change_number,
    unrecorded.change_type,
    unrecorded.old_profile_id,
    unrecorded.new_profile_id,
    cast(unrecorded.identifier_count as bigint) as identifier_count,
    as_of.as_of_date as noticed_on
from unrecorded
cross join last_number
cross join as_of
