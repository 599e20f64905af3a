with

profiles as (

    select * from {{ ref('int_profiles') }}

),

{# Whoever was first seen after the as-of date has no place here yet, and is left out. #}
membership as (

    select * from {{ ref('segment_membership') }}
    where is_current

),

activity as (

    select * from {{ ref('int_profiles__activity') }}

)

select

    ---------- ids
    profiles.profile_id,
    profiles.email_hash,
    profiles.phone_hash,

    ---------- strings
    membership.segment,
    membership.stage,
    membership.out_of_base_reason,
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
    membership.recency_score,
    membership.frequency_score,
    membership.monetary_score,
    membership.recency_days,
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
    membership.is_engaged,
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
inner join membership on profiles.profile_id = membership.profile_id
inner join activity on profiles.profile_id = activity.profile_id
