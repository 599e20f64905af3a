{# Where the people who are touched stand at the end of every period at which they may have gone elsewhere:
   first every date on which somebody may, by the period in which it is seen, then what holds at the end of each
   of these. So the work follows what happened, whatever the number of periods. A rolling yardstick alone may move
   people in any of them. #}
with

touched as (

    select * from {{ ref('int_segments__touched') }}
    where facts_hash is not null

),

calendar as (

    select * from {{ ref('int_calendar') }}

),

first_period as (

    select min(calendar_day) as first_day
    from calendar

),

people as (

    select
        touched.person_number,
        touched.profile_number,
        touched.is_test,
        coalesce(touched.first_seen_on, first_period.first_day) as known_on,
        touched.contact_known_on
    from touched
    cross join first_period

),

periods as (

    select * from {{ ref('int_periods') }}

),

yardsticks as (

    select * from {{ ref('int_rfm__yardsticks') }}

),

segment_map as (

    select * from {{ ref('int_segments__map') }}

),

active_spans as (

    select
        people.person_number,
        active_spans.activity,
        active_spans.active_from,
        active_spans.active_until
    from {{ ref('int_profiles__active_spans') }} as active_spans
    inner join people on active_spans.profile_number = people.profile_number

),

{# When somebody may go elsewhere, and which activity begins (1) or ends (-1) then. A score falls, or the base
   is left, only if nothing was bought before; dates before the first period are seen in it. #}
turns as (

    {% for cut in range(1, 5) %}
    select
        steps.person_number,
        {{ days_after('steps.last_purchased_on', '-yardsticks.recency_cut_' ~ cut) }} as turns_on,
        0 as engaged,
        0 as visitor,
        steps.period_number,
        steps.next_period_number
    from {{ ref('int_segments__steps') }} as steps
    inner join yardsticks on steps.period_end = yardsticks.period_end

    union all
    {% endfor %}

    select
        person_number,
        {{ days_after('last_purchased_on', var('buyer_window_days')) }} as turns_on,
        0 as engaged,
        0 as visitor,
        period_number,
        next_period_number
    from {{ ref('int_segments__steps') }}

    {% for turns_on, change in {
        'active_from': 1,
        days_after('active_until', 1): -1,
    }.items() %}
    union all

    select
        person_number,
        {{ turns_on }} as turns_on,
        case when activity = 'engaged' then {{ change }} else 0 end as engaged,
        case when activity = 'visitor' then {{ change }} else 0 end as visitor,
        null as period_number,
        null as next_period_number
    from active_spans

    {% endfor %}
    {% for turns_on in ['contact_known_on', 'known_on'] %}
    union all

    select
        person_number,
        {{ turns_on }} as turns_on,
        0 as engaged,
        0 as visitor,
        null as period_number,
        null as next_period_number
    from people

    {% endfor %}
),

dated as (

    select
        turns.*,
        case
            when turns.turns_on < first_period.first_day then first_period.first_day
            else turns.turns_on
        end as seen_on
    from turns
    cross join first_period

),

seen as (

    select
        dated.person_number,
        calendar.period_number,
        dated.engaged,
        dated.visitor,
        0 as step_number
    from dated
    inner join calendar on dated.seen_on = calendar.calendar_day
    where
        coalesce(dated.period_number < calendar.period_number, true)
        and coalesce(dated.next_period_number > calendar.period_number, true)

    union all

    select
        steps.person_number,
        {% if var('rfm_yardstick') == 'held' -%}
        steps.period_number,
        {%- else -%}
        periods.period_number,
        {%- endif %}
        0 as engaged,
        0 as visitor,
        steps.period_number as step_number
    from {{ ref('int_segments__steps') }} as steps
    {%- if var('rfm_yardstick') == 'rolling' %}
    inner join periods
        on
            steps.period_number <= periods.period_number
            and coalesce(steps.next_period_number > periods.period_number, true)
    {%- endif %}

),

{# In narrow columns, for they are sorted. #}
changes as (

    select
        person_number,
        period_number,
        cast(sum(engaged) as integer) as engaged,
        cast(sum(visitor) as integer) as visitor,
        max(step_number) as step_number
    from seen
    group by person_number, period_number

),

standings as (

    select
        person_number,
        period_number,
        max(step_number) over so_far as step_number,
        sum(engaged) over so_far > 0 as is_engaged,
        sum(visitor) over so_far > 0 as is_visitor
    from changes
    window so_far as (
        partition by person_number
        order by period_number
        rows between unbounded preceding and current row
    )

),

judged as (

    select
        standings.person_number,
        standings.period_number,
        standings.step_number,
        standings.is_engaged,
        periods.period_end,
        steps.order_count,
        steps.net_revenue,
        steps.last_purchased_on,
        steps.lifetime_order_count,
        {{ standing_of(
            'steps.last_purchased_on', 'periods.period_end',
            'people.is_test', 'people.contact_known_on <= periods.period_end', 'standings.is_visitor'
        ) }} as standing
    from standings
    inner join people on standings.person_number = people.person_number
    inner join periods on standings.period_number = periods.period_number
    left join {{ ref('int_segments__steps') }} as steps
        on
            standings.person_number = steps.person_number
            and standings.step_number = steps.period_number
    where
        people.known_on <= periods.period_end
        or steps.lifetime_order_count > 0

),

{# Without scores, whoever is no buyer finds nothing in the map; nor does he need a yardstick, which a period
   without buyers has not. #}
scored as (

    select
        judged.*,
        {{ rfm_scores('judged', 'judged.period_end', 'yardsticks', "judged.standing = 'buyer'") }},
        judged.lifetime_order_count = 1 as is_one_purchase
    from judged
    left join yardsticks on judged.period_end = yardsticks.period_end

)

select
    scored.person_number,
    scored.period_number,
    scored.step_number,
    scored.standing,
    scored.is_engaged,
    cast(scored.recency_score as integer) as recency_score,
    cast(scored.frequency_score as integer) as frequency_score,
    cast(scored.monetary_score as integer) as monetary_score,
    {{ segment_of('scored.standing', 'segment_map.segment') }} as segment
from scored
left join segment_map on {{ same_cell('scored', 'segment_map') }}
