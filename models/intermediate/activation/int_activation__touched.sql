{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook='{{ forget_before_finished() }}',
) }}

{# Of whom audiences, triggers and experiments may say something else than in the last build that was
   finished: of whom something else is known, whose history was told anew, whose ids were told to have
   changed, and who may have been drawn since. A build tells whose history it told anew, and nothing of
   the one before: each one since has to have noted its own here, and a row of nobody says that it has.
   Otherwise everybody is touched, and so he is if the ledger of triggers is not whole. #}
-- depends_on: {{ ref('int_profiles') }}
{% set finished = last_finished() or {} %}
{% set is_known = is_carried_on() and have_all_builds_noted() and is_ledger_whole() %}
with

told as (

    {{ told_triggers() }}

),

known_changes as (

    select max(change_number) as change_number
    from told

),

found as (

    select profile_id from {{ ref('int_profiles__touched') }}
    union
    select profile_id from {{ ref('int_segments__touched') }}
    union
    select changes.old_profile_id as profile_id
    from {{ ref('int_identity__changes') }} as changes
    inner join known_changes on changes.change_number > known_changes.change_number
    union
    select changes.new_profile_id as profile_id
    from {{ ref('int_identity__changes') }} as changes
    inner join known_changes on changes.change_number > known_changes.change_number
    where changes.new_profile_id is not null
    {# A former id that is an identifier no more, or again, leads elsewhere. #}
    union
    select named_ids.profile_id
    from {{ ref('int_identity__moved') }} as moved
    inner join {{ ref('int_identity__changes') }} as changes on moved.identifier_hash = changes.old_profile_id
    inner join {{ ref('int_activation__named_ids') }} as named_ids
        on changes.new_profile_id = named_ids.identifier_hash
    where named_ids.profile_id is not null
    union
    select profile_id
    from {{ ref('int_experiments__recorded') }}
    where assigned_on >= date '{{ finished.as_of_date or '9999-12-31' }}'
    {% if finished and not is_known %}
    union
    select profile_id from {{ ref('int_profiles') }}
    union
    select profile_id
    from told
    where profile_id is not null
    {% endif %}
    union
    select '' as profile_id

)

select
    profile_id,
    {{ number_of('profile_id') }} as profile_number,
    {{ build_number() }} as build_number
from found
where {{ 'true' if finished else 'false' }}
