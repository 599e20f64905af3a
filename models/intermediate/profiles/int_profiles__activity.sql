{{ carried_on('profile_id') }}

{# What each person has done by the as-of date, and allows. Nothing here says how long ago it was: it stays
   until the person does something else. #}
with

profiles as (

    select profile_id from {{ ref('int_profiles') }}
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
    from {{ ref('int_purchases') }}
    where {{ is_touched('profile_id') }}
    group by profile_id

),

visits as (

    select
        profile_id,
        count(*) as session_count,
        max(visited_on) as last_visited_on
    from {{ ref('int_profiles__visits') }}
    where {{ is_touched('profile_id') }}
    group by profile_id

),

answers as (

    select
        profile_id,
        max(occurred_on) as last_answered_on
    from {{ ref('int_profiles__answers') }}
    where
        event_type in ('opened', 'clicked')
        and {{ is_touched('profile_id') }}
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
    where {{ is_touched('profile_id') }}
    group by profile_id

)

select

    ---------- ids
    profiles.profile_id,

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
    cast(coalesce(visits.session_count, 0) as bigint) as session_count,

    ---------- dates
    acquisitions.acquired_on,
    purchases.last_purchased_on,
    visits.last_visited_on,
    answers.last_answered_on

from profiles
left join acquisitions on profiles.profile_id = acquisitions.profile_id
left join purchases on profiles.profile_id = purchases.profile_id
left join visits on profiles.profile_id = visits.profile_id
left join answers on profiles.profile_id = answers.profile_id
left join consents on profiles.profile_id = consents.profile_id
