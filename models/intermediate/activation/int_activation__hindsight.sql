{{ of_touched_people() }}

{# Of the people who are elsewhere now than the ledger says: where they were on the day before it was last
   written, by all that is known today (cuts and rules, identity, history), and where they would be now by
   the cuts that it was written by. Whoever was there already has not moved since, nor has he whom the old
   cuts leave where he was; it is our knowledge that did. The day of the writing itself may not have been
   over. #}
with

told as (

    {{ told_triggers() }}

),

told_segments as (

    select * from {{ ref('int_activation__told_segments') }}
    where lineage = 'own'

),

segments_now as (

    select * from {{ made_in_activation(ref('int_activation__segments_now')) }}

),

looked as (

    select
        {{ days_before('max(issued_on)', 1) }} as looked_on,
        max(calibration_number) as calibration_number,
        1 as period_number
    from told
    having max(issued_on) is not null

),

people as (

    select
        profiles.profile_id,
        {{ number_of('profiles.profile_id') }} as profile_number,
        profiles.is_test,
        profiles.first_seen_on,
        profiles.contact_known_on
    from {{ of_touched('int_profiles') }} as profiles
    left join told_segments on profiles.profile_id = told_segments.profile_id
    left join segments_now on profiles.profile_id = segments_now.profile_id
    where coalesce(told_segments.segment, '') <> coalesce(segments_now.segment, '')

),

days as (

    select
        calendar.calendar_day,
        looked.period_number,
        looked.looked_on as period_end
    from {{ ref('int_calendar') }} as calendar
    inner join looked on calendar.calendar_day <= looked.looked_on

),

versions as (

    {{ purchases_of('people', ref('int_purchases__versions'), [
        'profile_id', 'net_revenue', 'purchased_on', 'seen_on', 'next_seen_on'
    ]) }}

),

steps as (

    {{ rfm_steps('people', 'days', versions='versions') }}

),

active_spans as (

    select * from {{ ref('int_profiles__active_spans') }}
    where {{ is_among_few('profile_number', 'people') }}

),

activities as (

    select
        active_spans.profile_id,
        max(case when active_spans.activity = 'engaged' then 1 else 0 end) as engaged,
        max(case when active_spans.activity = 'visitor' then 1 else 0 end) as visiting
    from active_spans
    inner join looked
        on
            active_spans.active_from <= looked.looked_on
            and active_spans.active_until >= looked.looked_on
    group by active_spans.profile_id

),

yardsticks as (

    select yardsticks.*
    from {{ ref('int_rfm__yardsticks') }} as yardsticks
    inner join {{ ref('int_periods') }} as periods
        on
            yardsticks.period_end = periods.period_end
            and periods.is_current

),

segment_map as (

    select * from {{ ref('int_segments__map') }}

),

{# An address of a record without a time is known from 1990 on, whenever its owner was first seen. #}
{% set is_known = 'coalesce(people.first_seen_on <= looked.looked_on, true)' %}
judged as (

    select
        people.profile_id,
        looked.looked_on,
        steps.order_count,
        steps.net_revenue,
        steps.last_purchased_on,
        steps.lifetime_order_count = 1 as is_one_purchase,
        coalesce(activities.engaged, 0) = 1 as is_engaged,
        {{ standing_of(
            'steps.last_purchased_on', 'looked.looked_on', 'people.is_test',
            'people.contact_known_on <= looked.looked_on and ' ~ is_known,
            'activities.visiting = 1 and ' ~ is_known
        ) }} as standing
    from people
    cross join looked
    left join steps on people.profile_id = steps.profile_id
    left join activities on people.profile_id = activities.profile_id

),

{# Held cuts are never changed, so those of then are still there. #}
told_cuts as (

    select
        {{ pivoted_cuts() }},
        calibrations.calibration_number
    from {{ ref('int_rfm__calibrations') }} as calibrations
    inner join looked on calibrations.calibration_number = looked.calibration_number
    group by calibrations.calibration_number

),

rescored as (

    select
        spans.profile_id,
        spans.lifetime_order_count = 1 as is_one_purchase,
        spans.is_engaged,
        {{ rfm_scores('spans', 'as_of.as_of_date', 'told_cuts') }}
    from {{ of_touched('int_segments__spans') }} as spans
    inner join people on spans.profile_id = people.profile_id
    cross join {{ ref('int_as_of_date') }} as as_of
    cross join told_cuts
    where
        spans.until_period_number is null
        and spans.recency_score is not null

),

replaced as (

    select
        rescored.profile_id,
        segment_map.segment
    from rescored
    inner join segment_map on {{ same_cell('rescored', 'segment_map') }}

),

scored as (

    select
        judged.*,
        {{ rfm_scores('judged', 'judged.looked_on', 'yardsticks') }}
    from judged
    left join yardsticks on true

)

select
    scored.profile_id,
    {{ segment_of('scored.standing', 'segment_map.segment') }} as segment,
    replaced.segment as segment_by_told_cuts,
    scored.looked_on
from scored
left join replaced on scored.profile_id = replaced.profile_id
left join segment_map on {{ same_cell('scored', 'segment_map') }}
