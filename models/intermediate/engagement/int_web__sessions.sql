{{ carried_on('visitor_key') }}
{% set is_touched_visitor = is_touched(visitor_key('events'), 'visitor_key') %}

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

{# Devices by themselves, for of all events only their names are read then. #}
touched_events as (

    select events.*
    from {{ ref('stg_web__events') }} as events
    {% if is_carried_on() -%}
    where
        events.anonymous_id in (
            select {{ visitor_device('touched.visitor_key') }}
            from {{ ref('int_web__touched') }} as touched
            where touched.visitor_key like 'anonymous_id:%'
        )
    union all
    select events.*
    from {{ ref('stg_web__events') }} as events
    where
        events.anonymous_id is null
        and {{ is_touched_visitor }}
    {%- endif %}

),

visits as (

    select
        {{ visitor_key('events') }} as visitor_key,
        cast(
            floor(
                {{ seconds_between("timestamp '1970-01-01 00:00:00'", 'events.occurred_at') }} / 1800
            ) as bigint
        ) as half_hour,
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
    from touched_events as events
    where
        not events.is_bot
        {# Of erased people there is nothing left to tell one from another. #}
        and {{ visitor_key('events') }} is not null

),

{# Between two events of one half-hour of the clock there is no such pause: half-hours are sorted, a third as
   many as events. The as-of date is asked last, for DuckDB believes that hardly any row is left then, and would
   make a hash table of all events for what comes after. #}
half_hours as (

    select
        visits.visitor_key,
        shared_device_records.profile_id,
        visits.half_hour,
        max(case when shared_device_records.record_id is null then 0 else 1 end) as is_shared_device,
        max(visits.customer_id) as customer_id,
        max(visits.email) as email,
        count(*) as event_count,
        min(visits.prompted_at) as prompted_at,
        min(visits.occurred_at) as started_at,
        max(visits.occurred_at) as ended_at
    from visits
    left join shared_device_records on visits.event_id = shared_device_records.record_id
    inner join as_of on {{ local_date('visits.occurred_at') }} <= as_of.as_of_date
    group by visits.visitor_key, shared_device_records.profile_id, visits.half_hour

),

gaps as (

    select
        *,
        case
            when
                {{ seconds_between(
                    "lag(ended_at) over (partition by visitor_key, profile_id order by half_hour)",
                    'started_at'
                ) }} <= 1800
                then 0
            else 1
        end as starts_session
    from half_hours

),

numbered as (

    select
        *,
        sum(starts_session) over (
            partition by visitor_key, profile_id
            order by half_hour
            rows between unbounded preceding and current row
        ) as session_number
    from gaps

),

sessions as (

    select
        visitor_key || coalesce(':' || profile_id, '') || ':' || cast(session_number as string) as session_id,
        visitor_key,
        profile_id,
        max(is_shared_device) = 1 as is_shared_device,
        {# What stands for the visitor is the device, if it is known. #}
        {{ visitor_device('visitor_key') }} as anonymous_id,
        max(customer_id) as customer_id,
        max(email) as email,
        cast(sum(event_count) as bigint) as event_count,
        {# A visit that any advertisement or message brought did not come by itself. What comes after midnight
           makes nothing of the day before another. #}
        coalesce(
            {{ local_date('min(started_at)') }} < {{ local_date('min(prompted_at)') }},
            true
        ) as is_unprompted,
        {{ local_date('min(started_at)') }} as visited_on,
        min(started_at) as started_at,
        max(ended_at) as ended_at
    from numbered
    group by visitor_key, profile_id, session_number

)

select * from sessions
