{# The history of the people who are touched, as spans of periods in which nothing changes but that time goes
   by.

   First every date on which somebody may go elsewhere, by the period in which it is seen; then where he is at
   the end of each of these periods; then what of that differs from the period before. So the work follows
   what happened, whatever the number of periods. A rolling yardstick alone may move people in any of them. #}
with

touched as (

    select * from {{ ref('int_segments__touched') }}
    where facts_hash is not null

),

people as (

    select
        touched.person_number,
        profiles.profile_id,
        profiles.is_test,
        profiles.first_seen_on,
        profiles.contact_known_on
    from {{ ref('int_profiles') }} as profiles
    inner join touched on profiles.profile_id = touched.profile_id

),

calendar as (

    select * from {{ ref('int_calendar') }}

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

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

first_period as (

    select min(calendar_day) as first_day
    from calendar

),

purchases as (

    select
        people.person_number,
        versions.*
    from {{ ref('int_purchases__versions') }} as versions
    inner join people on versions.profile_id = people.profile_id
    where not people.is_test

),

steps as (

    {{ rfm_steps('purchases', 'calendar', person='person_number') }}

),

active_spans as (

    select
        people.person_number,
        active_spans.*
    from {{ ref('int_profiles__active_spans') }} as active_spans
    inner join people on active_spans.profile_id = people.profile_id

),

{# When somebody may go elsewhere, and what begins (1) or ends (-1) then. A score falls, or the base is left,
   only if nothing was bought before; dates before the first period are seen in it. #}
turns as (

    {% for cut in range(1, 5) %}
    select
        steps.person_number,
        {{ days_after('steps.last_purchased_on', '-yardsticks.recency_cut_' ~ cut) }} as turns_on,
        'time' as what,
        0 as change,
        steps.period_number,
        steps.next_period_number
    from steps
    inner join yardsticks on steps.period_end = yardsticks.period_end

    union all
    {% endfor %}

    select
        person_number,
        {{ days_after('last_purchased_on', var('buyer_window_days')) }} as turns_on,
        'time' as what,
        0 as change,
        period_number,
        next_period_number
    from steps

    union all

    select
        person_number,
        active_from as turns_on,
        activity as what,
        1 as change,
        null as period_number,
        null as next_period_number
    from active_spans

    union all

    select
        person_number,
        {{ days_after('active_until', 1) }} as turns_on,
        activity as what,
        -1 as change,
        null as period_number,
        null as next_period_number
    from active_spans

    union all

    select
        person_number,
        contact_known_on as turns_on,
        'contact' as what,
        1 as change,
        null as period_number,
        null as next_period_number
    from people

    union all

    select
        people.person_number,
        coalesce(people.first_seen_on, first_period.first_day) as turns_on,
        'known' as what,
        1 as change,
        null as period_number,
        null as next_period_number
    from people
    cross join first_period

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
        dated.what,
        dated.change,
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
        'purchase' as what,
        0 as change,
        steps.period_number as step_number
    from steps
    {%- if var('rfm_yardstick') == 'rolling' %}
    inner join periods
        on
            steps.period_number <= periods.period_number
            and coalesce(steps.next_period_number > periods.period_number, true)
    {%- endif %}

),

changes as (

    select
        person_number,
        period_number,
        {% for what in ['engaged', 'visitor', 'contact', 'known'] %}
        sum(case when what = '{{ what }}' then change else 0 end) as {{ what }},
        {% endfor %}
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
        sum(visitor) over so_far > 0 as is_visitor,
        sum(contact) over so_far > 0 as is_contact,
        sum(known) over so_far > 0 as is_known
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
        steps.first_purchased_on,
        steps.last_purchased_on,
        case when steps.lifetime_order_count > 0 then steps.lifetime_order_count end as lifetime_order_count,
        {{ standing_of(
            'steps.last_purchased_on', 'periods.period_end',
            'people.is_test', 'standings.is_contact', 'standings.is_visitor'
        ) }} as standing
    from standings
    inner join people on standings.person_number = people.person_number
    inner join periods on standings.period_number = periods.period_number
    left join steps
        on
            standings.person_number = steps.person_number
            and standings.step_number = steps.period_number
    where
        standings.is_known
        or steps.lifetime_order_count > 0

),

{# Without scores, whoever is no buyer finds nothing in the map. #}
scored as (

    select
        judged.*,
        {{ rfm_scores('judged', 'judged.period_end', 'yardsticks', "judged.standing = 'buyer'") }},
        judged.lifetime_order_count = 1 as is_one_purchase
    from judged
    inner join yardsticks on judged.period_end = yardsticks.period_end

),

placed as (

    select
        scored.*,
        {{ segment_of('scored.standing', 'segment_map.segment') }} as segment,
        case
            when scored.standing not in ('buyer', 'loyal_visitors', 'visitors') then scored.standing
        end as out_of_base_reason
    from scored
    left join segment_map on {{ same_cell('scored', 'segment_map') }}

),

{# Each row against the one before; the first of a person begins a span whatever it says. #}
followed as (

    select
        *,
        lag(segment) over earlier as previous_segment,
        lag(period_number) over earlier is null
        or step_number <> lag(step_number) over earlier
        or standing <> lag(standing) over earlier
        or is_engaged <> lag(is_engaged) over earlier
        or coalesce(
            recency_score * 100 + frequency_score * 10 + monetary_score
            <> lag(recency_score * 100 + frequency_score * 10 + monetary_score) over earlier,
            false
        ) as starts_span
    from placed
    window earlier as (partition by person_number order by period_number)

),

spans as (

    select
        *,
        lead(period_number) over (
            partition by person_number
            order by period_number
        ) - 1 as until_period_number,
        max(
            case when coalesce(segment <> previous_segment, true) then period_end end
        ) over (
            partition by person_number
            order by period_number
            rows between unbounded preceding and current row
        ) as entered_on
    from followed
    where starts_span

)

select
    touched.profile_id,
    touched.facts_hash,
    touched.definition_hash,
    spans.segment,
    spans.previous_segment,
    spans.out_of_base_reason,
    cast(spans.recency_score as integer) as recency_score,
    cast(spans.frequency_score as integer) as frequency_score,
    cast(spans.monetary_score as integer) as monetary_score,
    spans.order_count,
    spans.net_revenue,
    spans.lifetime_order_count,
    spans.period_number as from_period_number,
    spans.until_period_number,
    spans.is_engaged,
    case when spans.segment is not null then spans.entered_on end as entered_on,
    spans.first_purchased_on,
    spans.last_purchased_on,
    as_of.as_of_date as told_on
from spans
inner join touched on spans.person_number = touched.person_number
cross join as_of
