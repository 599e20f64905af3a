{{ config(
    materialized=incremental_or_table(),
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook=['{{ forget_retold() }}', '{{ let_days_pass() }}'],
) }}

with

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

segments as (

    select * from {{ ref('segments') }}

),

profiles as (

    select * from {{ ref('int_profiles') }}
    where {{ is_retold('profile_id') }}

),

{# What segment_membership says of the as-of date; from here a few people are picked sooner. Whoever was first
   seen after that date has no place here yet, and is left out. #}
spans as (

    select * from {{ ref('int_segments__spans') }}
    where
        until_period_number is null
        and {{ is_retold('profile_number') }}

),

activity as (

    select * from {{ ref('int_profiles__activity') }}
    where {{ is_retold('profile_number') }}

)

select

    ---------- ids
    profiles.profile_id,
    profiles.email_hash,
    profiles.phone_hash,

    ---------- strings
    spans.segment,
    segments.stage,
    spans.out_of_base_reason,
    activity.acquisition_channel,
    profiles.country,
    activity.email_consent,
    activity.sms_consent,
    activity.push_consent,
    activity.banner_consent,
    profiles.country_source,
    profiles.birth_year_source,
    profiles.email_source,
    profiles.phone_source,

    ---------- numerics
    profiles.birth_year,
    profiles.identifier_count,
    spans.recency_score,
    spans.frequency_score,
    spans.monetary_score,
    cast({{ days_between('spans.last_purchased_on', 'as_of.as_of_date') }} as bigint) as recency_days,
    activity.order_count,
    activity.net_revenue,
    activity.gross_margin,
    activity.session_count,

    ---------- booleans
    profiles.has_account,
    profiles.has_loyalty_card,
    profiles.has_email,
    profiles.has_phone,
    profiles.is_contactable,
    spans.is_engaged,
    profiles.is_test,
    profiles.has_name,
    profiles.is_email_reachable,
    profiles.is_phone_reachable,

    ---------- dates
    profiles.first_seen_on,
    profiles.last_seen_on,
    activity.acquired_on,
    activity.last_purchased_on,
    activity.last_visited_on,
    activity.last_answered_on

from profiles
inner join spans on profiles.profile_id = spans.profile_id
inner join activity on profiles.profile_id = activity.profile_id
cross join as_of
left join segments on spans.segment = segments.segment
