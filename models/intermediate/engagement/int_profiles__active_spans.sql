{% set reasons = ['identity', 'visits', 'messages'] %}
{{ carried_on('profile_number', reasons) }}

{# From when to when, both days included, somebody counts as engaged (90 days from a message opened or
   clicked, or from a visit that nothing prompted) or as a visitor (`visitor_window_days` from a visit). Days
   that follow closely make one span. What is in it is counted, so that nobody has to ask visits again. #}
{% set windows = {'engaged': 90, 'visitor': var('visitor_window_days')} %}

with

visits as (

    select
        profile_id,
        is_unprompted,
        visited_on
    from {{ touched_rows(ref('int_profiles__visits'), 'profile_number', by=reasons) }}

),

days as (

    select
        profile_id,
        'engaged' as activity,
        occurred_on as active_on,
        occurred_on as answered_on,
        {{ windows.engaged }} as window_days
    from {{ ref('int_profiles__answers') }}
    where
        event_type in ('opened', 'clicked')
        and {{ is_touched('profile_id', by=reasons) }}
    union all
    select
        profile_id,
        'engaged' as activity,
        visited_on as active_on,
        null as answered_on,
        {{ windows.engaged }} as window_days
    from visits
    where is_unprompted
    union all
    select
        profile_id,
        'visitor' as activity,
        visited_on as active_on,
        null as answered_on,
        {{ windows.visitor }} as window_days
    from visits

),

numbered_days as (

    select
        *,
        floor({{ days_between("date '1970-01-01'", 'active_on') }} / window_days) as stretch
    from days

),

{# Days of one stretch of the calendar as long as the window are of one span: there are fewer to sort. #}
stretches as (

    select
        profile_id,
        activity,
        stretch,
        count(*) as record_count,
        min(active_on) as active_from,
        {{ days_after('max(active_on)', 'window_days - 1') }} as active_until,
        max(answered_on) as last_answered_on
    from numbered_days
    group by profile_id, activity, window_days, stretch

),

{# Within a span the window is always the same, so the day before tells whether a day goes on. #}
marked as (

    select
        *,
        case
            when
                lag(active_until) over (partition by profile_id, activity order by stretch)
                >= {{ days_before('active_from', 1) }}
                then 0
            else 1
        end as starts_span
    from stretches

),

numbered as (

    select
        *,
        sum(starts_span) over (
            partition by profile_id, activity
            order by stretch
            rows between unbounded preceding and current row
        ) as span_number
    from marked

)

select
    profile_id,
    {{ number_of('profile_id') }} as profile_number,
    activity,
    cast(sum(record_count) as bigint) as record_count,
    min(active_from) as active_from,
    max(active_until) as active_until,
    max(last_answered_on) as last_answered_on
from numbered
group by profile_id, activity, span_number
