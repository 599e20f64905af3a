{{ carried_on('profile_number') }}

{# What each person has done by the as-of date, and allows. Nothing here says how long ago it was: it stays
   until the person does something else. #}
with

profiles as (

    select
        profile_id,
        {{ number_of('profile_id') }} as profile_number
    from {{ ref('int_profiles') }}
    where {{ is_touched('profile_id') }}

),

acquisitions as (

    select * from {{ ref('int_value__first_purchases') }}
    where {{ is_touched('profile_id') }}

),

purchases as (

    select
        profile_id,
        count(*) as order_count,
        sum(net_revenue) as net_revenue,
        sum(gross_margin) as gross_margin,
        max(purchased_on) as last_purchased_on
    from {{ touched_purchases(ref('int_purchases')) }}
    group by profile_id

),

{# Every visit, and every message opened or clicked, is in a span. #}
activities as (

    select
        profile_number,
        cast(sum(case when activity = 'visitor' then record_count else 0 end) as bigint) as session_count,
        {{ days_before(
            "max(case when activity = 'visitor' then active_until end)", var('visitor_window_days') - 1
        ) }} as last_visited_on,
        max(last_answered_on) as last_answered_on
    from {{ ref('int_profiles__active_spans') }}
    where {{ is_touched('profile_number') }}
    group by profile_number

),

consents as (

    select
        profile_id,
        max(case when channel = 'email' then status end) as email_consent,
        max(case when channel = 'sms' then status end) as sms_consent,
        max(case when channel = 'push' then status end) as push_consent,
        max(case when channel = 'banner' then status end) as banner_consent
    from {{ ref('int_profiles__consents') }}
    where {{ is_touched('profile_id') }}
    group by profile_id

)

select

    ---------- ids
    profiles.profile_id,
    profiles.profile_number,

    ---------- strings
    acquisitions.acquisition_channel,
    consents.email_consent,
    consents.sms_consent,
    consents.push_consent,
    consents.banner_consent,

    ---------- numerics
    cast(coalesce(purchases.order_count, 0) as bigint) as order_count,
    cast(coalesce(purchases.net_revenue, 0) as decimal(18, 2)) as net_revenue,
    cast(coalesce(purchases.gross_margin, 0) as decimal(18, 2)) as gross_margin,
    cast(coalesce(activities.session_count, 0) as bigint) as session_count,

    ---------- dates
    acquisitions.acquired_on,
    purchases.last_purchased_on,
    activities.last_visited_on,
    activities.last_answered_on

from profiles
left join acquisitions on profiles.profile_id = acquisitions.profile_id
left join purchases on profiles.profile_id = purchases.profile_id
left join activities on profiles.profile_number = activities.profile_number
left join consents on profiles.profile_id = consents.profile_id
