{{ carried_on('profile_id') }}

{# From when to when, both days included, somebody counts as engaged (90 days from an answer or an unprompted
   visit) or as a visitor (`visitor_window_days` from a visit). Days that follow closely make one span. #}
{% set windows = {'engaged': 90, 'visitor': var('visitor_window_days')} %}

with

days as (

    select
        profile_id,
        'engaged' as activity,
        engaged_on as active_on
    from {{ ref('int_profiles__engaged_days') }}
    where {{ is_touched('profile_id') }}
    union
    select
        profile_id,
        'visitor' as activity,
        visited_on as active_on
    from {{ ref('int_profiles__visits') }}
    where {{ is_touched('profile_id') }}

),

lasting as (

    select
        *,
        case activity
            {% for activity, window in windows.items() %}
            when '{{ activity }}' then {{ days_before('active_on', 1 - window) }}
            {% endfor %}
        end as active_until
    from days

),

{# Within a span the window is always the same, so the day before tells whether a day goes on. #}
marked as (

    select
        *,
        case
            when
                lag(active_until) over (partition by profile_id, activity order by active_on)
                >= {{ days_before('active_on', 1) }}
                then 0
            else 1
        end as starts_span
    from lasting

),

numbered as (

    select
        *,
        sum(starts_span) over (
            partition by profile_id, activity
            order by active_on
            rows between unbounded preceding and current row
        ) as span_number
    from marked

)

select
    profile_id,
    activity,
    min(active_on) as active_from,
    max(active_until) as active_until
from numbered
group by profile_id, activity, span_number
