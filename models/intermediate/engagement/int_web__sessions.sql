{{ carried_on('visitor_key') }}

{# A session ends after 30 minutes without an event of the device. Where no device is known, the account or
   the address stands for it; at a device of several people each has sessions of his own. #}
with

shared_device_records as (

    select * from {{ ref('int_identity__shared_device_records') }}
    where source_table = 'web.events'

),

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

{# No more of an event than is asked of it: all events are sorted twice. #}
events as (

    select
        {{ visitor_key('events') }} as visitor_key,
        shared_device_records.profile_id,
        shared_device_records.record_id is not null as is_shared_device,
        events.event_id,
        events.customer_id,
        events.email,
        events.occurred_at,
        case
            when
                coalesce(events.utm_source, events.utm_medium, events.utm_campaign) is not null
                or {{ matches('events.page_url', "'[?&](gclid|fbclid|msclkid|yclid|utm_[a-z]+)='") }}
                then events.occurred_at
        end as prompted_at
    from {{ ref('stg_web__events') }} as events
    inner join as_of on {{ local_date('events.occurred_at') }} <= as_of.as_of_date
    left join shared_device_records on events.event_id = shared_device_records.record_id
    where
        not events.is_bot
        {# Of erased people there is nothing left to tell one from another. #}
        and {{ visitor_key('events') }} is not null
        and {{ is_touched(visitor_key('events'), 'visitor_key') }}

),

gaps as (

    select
        *,
        case
            when
                {{ seconds_between(
                    "lag(occurred_at) over (partition by visitor_key, profile_id "
                    ~ "order by occurred_at, event_id)",
                    'occurred_at'
                ) }} <= 1800
                then 0
            else 1
        end as starts_session
    from events

),

numbered as (

    select
        *,
        sum(starts_session) over (
            partition by visitor_key, profile_id
            order by occurred_at, event_id
            rows between unbounded preceding and current row
        ) as session_number
    from gaps

),

sessions as (

    select
        visitor_key || coalesce(':' || profile_id, '') || ':' || cast(session_number as string) as session_id,
        visitor_key,
        profile_id,
        max(case when is_shared_device then 1 else 0 end) = 1 as is_shared_device,
        {# What stands for the visitor is the device, if it is known. #}
        case
            when visitor_key like 'anonymous_id:%' then substring(visitor_key, length('anonymous_id:') + 1)
        end as anonymous_id,
        max(customer_id) as customer_id,
        max(email) as email,
        count(*) as event_count,
        {# A visit that any advertisement or message brought did not come by itself. What comes after midnight
           makes nothing of the day before another. #}
        coalesce(
            {{ local_date('min(occurred_at)') }} < {{ local_date('min(prompted_at)') }},
            true
        ) as is_unprompted,
        {{ local_date('min(occurred_at)') }} as visited_on,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at
    from numbered
    group by visitor_key, profile_id, session_number

)

select * from sessions
