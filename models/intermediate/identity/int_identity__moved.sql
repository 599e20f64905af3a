{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook='{{ forget_before_finished() }}',
) }}

{# Compared with what `profile_identifiers` held before it was made anew, and kept until a build is finished:
   one that breaks off after that has not told everybody. Of an erased row nothing says whom else it named, but
   that an identifier has fewer records. #}
with

current_identifiers as (

    select
        identifiers.identifier_hash,
        identifiers.profile_id,
        identifiers.record_count
    from {{ ref('int_identity__identifiers') }} as identifiers
    where {{ is_new('identifiers') }}

),

told_identifiers as (

    select
        identifier_hash,
        old_profile_id as profile_id,
        old_record_count as record_count
    from {{ ref('int_identity__touched_identifiers') }}
    where is_told

)

select
    coalesce(current_identifiers.identifier_hash, told_identifiers.identifier_hash) as identifier_hash,
    told_identifiers.profile_id as old_profile_id,
    current_identifiers.profile_id as new_profile_id,
    told_identifiers.identifier_hash is null as is_new,
    {{ build_number() }} as build_number
from current_identifiers
full outer join told_identifiers
    on current_identifiers.identifier_hash = told_identifiers.identifier_hash
where
    {{ 'true' if last_finished() else 'false' }}
    and (
        coalesce(current_identifiers.profile_id, '') <> coalesce(told_identifiers.profile_id, '')
        or current_identifiers.record_count <> told_identifiers.record_count
    )
