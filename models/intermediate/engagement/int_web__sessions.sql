{{ config(
    materialized=incremental_or_table(),
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook='{{ forget_touched_sessions() }}',
) }}
{% set visitors = touched_visitors() %}

{# A session ends after 30 minutes without an event of the device. Where no device is known, the account or
   the address stands for it; at a device of several people each has sessions of his own. Of a touched visitor
   those stay that were over long before the first event that is another: numbers go on from there. #}
with

shared_device_records as (

    select * from {{ ref('int_identity__shared_device_records') }}
    where source_table = 'web.events'

),

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

{% if is_carried_on() %}
touched_visitors as (

    {{ visitors }}

),

{# Sessions that stay. #}
told_sessions as (

    select
        visitor_key,
        profile_id,
        count(*) as session_count,
        max(ended_at) as last_ended_at
    from {{ this }}
    where {{ is_touched('visitor_number') }}
    group by visitor_key, profile_id

),

{# Devices by themselves, for of all events only their names are read then; and of older events nothing, unless somebody
   is touched from then on. #}
{% set recent = days_before("date '" ~ last_finished().as_of_date ~ "'", 30) %}
touched_events as (

    {% for side in ['>=', '<'] %}
    select events.*
    from {{ ref('stg_web__events') }} as events
    inner join touched_visitors
        on
            events.anonymous_id = {{ visitor_device('touched_visitors.visitor_key') }}
            and events.occurred_at >= touched_visitors.touched_from
    where
        events.occurred_at {{ side }} {{ recent }}
        and events.anonymous_id in (
            select {{ visitor_device('few.visitor_key') }} from touched_visitors as few
            where
                {{ is_one_of_few('few.visitor_key') }}
                {% if side == '<' %}
                and few.touched_from < {{ recent }}
                {% endif %}
        )
    union all
    {% endfor %}
    select events.*
    from {{ ref('stg_web__events') }} as events
    inner join touched_visitors
        on
            {{ visitor_key('events') }} = touched_visitors.visitor_key
            and events.occurred_at >= touched_visitors.touched_from
    where events.anonymous_id is null

),
{% endif %}

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
    from {{ 'touched_events' if is_carried_on() else ref('stg_web__events') }} as events
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
        {{ 'max(told_sessions.session_count)' if is_carried_on() else '0' }} as told_count,
        min(visits.prompted_at) as prompted_at,
        min(visits.occurred_at) as started_at,
        max(visits.occurred_at) as ended_at
    from visits
    left join shared_device_records on visits.event_id = shared_device_records.record_id
    {% if is_carried_on() -%}
    left join told_sessions
        on
            visits.visitor_key = told_sessions.visitor_key
            and shared_device_records.profile_id is not distinct from told_sessions.profile_id
    {% endif -%}
    inner join as_of on {{ local_date('visits.occurred_at') }} <= as_of.as_of_date
    {% if is_carried_on() -%}
    where coalesce(visits.occurred_at > told_sessions.last_ended_at, true)
    {% endif -%}
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
        coalesce(told_count, 0) + sum(starts_session) over (
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

select
    *,
    {{ number_of('visitor_key') }} as visitor_number,
    {{ build_number() }} as build_number
from sessions
