with

profiles as (

    select * from {{ ref('int_profiles') }}

),

{# Whoever was first seen after the as-of date has no place here yet, and is left out. #}
membership as (

    select * from {{ ref('segment_membership') }}
    where is_current

),

acquisitions as (

    select * from {{ ref('int_value__first_purchases') }}

),

purchases as (

    select
        profile_id,
        count(*) as order_count,
        sum(net_revenue) as net_revenue,
        sum(gross_margin) as gross_margin,
        max(purchased_on) as last_purchased_on
    from {{ ref('int_purchases') }}
    group by profile_id

),

visits as (

    select
        profile_id,
        count(*) as session_count,
        max(visited_on) as last_visited_on
    from {{ ref('int_profiles__visits') }}
    group by profile_id

),

messages as (

    select
        profile_id,
        max(occurred_on) as last_answered_on
    from {{ ref('int_profiles__messages') }}
    where event_type in ('opened', 'clicked')
    group by profile_id

),

consents as (

    select
        profile_id,
        max(case when channel = 'email' then status end) as email_consent,
        max(case when channel = 'sms' then status end) as sms_consent,
        max(case when channel = 'push' then status end) as push_consent,
        max(case when channel = 'banner' then status end) as banner_consent
    from {{ ref('int_profiles__consents') }}
    group by profile_id

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
    acquisitions.acquisition_channel,
    profiles.country,
    consents.email_consent,
    consents.sms_consent,
    consents.push_consent,
    consents.banner_consent,
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
    cast(coalesce(purchases.order_count, 0) as bigint) as order_count,
    cast(coalesce(purchases.net_revenue, 0) as decimal(18, 2)) as net_revenue,
    cast(coalesce(purchases.gross_margin, 0) as decimal(18, 2)) as gross_margin,
    cast(coalesce(visits.session_count, 0) as bigint) as session_count,

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
    acquisitions.acquired_on,
    purchases.last_purchased_on,
    visits.last_visited_on,
    messages.last_answered_on

from profiles
inner join membership on profiles.profile_id = membership.profile_id
left join acquisitions on profiles.profile_id = acquisitions.profile_id
left join purchases on profiles.profile_id = purchases.profile_id
left join visits on profiles.profile_id = visits.profile_id
left join messages on profiles.profile_id = messages.profile_id
left join consents on profiles.profile_id = consents.profile_id
