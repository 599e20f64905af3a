{# Whose history has to be told anew: the people about whom something else is known than when it was last
   told, or who have passed a date since then on which they may have gone elsewhere (a score fell, a window
   ended). All of them if the rules, the code or the cuts are others now. The history of everybody else stays as it is, for
   it depends on nothing else.

   Facts are asked only of whom they may be others: the tables that they are in are carried on, so that they hold
   other rows of people alone who are touched. #}
{% set finished = told_by_finished() %}
{% set asked = is_among_few('profile_id', 'asked') if finished else 'true' %}
{% set is_held = var('rfm_yardstick') == 'held' %}
{% set told_cuts = ([] if is_held else ['period_end']) + yardstick_cuts() %}

with

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

calendar as (

    select * from {{ ref('int_calendar') }}

),

yardsticks as (

    select * from {{ ref('int_rfm__yardsticks') }}

),

current_yardstick as (

    select yardsticks.*
    from yardsticks
    inner join as_of on yardsticks.period_end = as_of.as_of_date

),

rules as (

    select
        bit_xor({{ row_hash([
            'recency_score', 'frequency_score', 'monetary_score', 'is_one_purchase', 'is_engaged', 'segment', 'stage'
        ]) }}) as rules_hash
    from {{ ref('int_segments__map') }}

),

{# The periods count as well: an order older than all others moves the first of them, and their numbers. #}
first_period as (

    select min(calendar_day) as first_day
    from calendar

),

cuts as (

    select
        bit_xor({{ row_hash(told_cuts) }}) as cuts_hash
    from {{ 'current_yardstick' if is_held else 'yardsticks' }}

),

settings as (

    select {{ row_hash(["'" ~ fingerprint_of_vars() ~ "'"]) }} as settings_hash

),

definition as (

    select
        settings.settings_hash,
        {{ row_hash([
            'rules.rules_hash',
            'cuts.cuts_hash',
            'settings.settings_hash',
            'first_period.first_day',
            "'" ~ fingerprint_of_code() ~ "'",
        ]) }} as definition_hash,
        first_period.first_day
    from settings
    cross join rules
    cross join cuts
    cross join first_period

),

told_days as (

    {# Of a period that was not over only what came before it was told for good. #}
    select
        calendar_day as told_on,
        case when period_end = calendar_day then calendar_day else previous_period_end end as told_until
    from calendar

),

{% if finished %}
asked as (

    select profile_id from {{ ref('int_profiles__touched') }}
    union
    select spans.profile_id
    from ({{ told_spans() }}) as spans
    cross join definition
    cross join as_of
    left join told_days on spans.told_on = told_days.told_on
    where
        spans.until_period_number is null
        and (
            told_days.told_until is null
            or spans.definition_hash <> definition.definition_hash
            or spans.last_turned_on > told_days.told_until
            or spans.next_turn_on <= as_of.as_of_date
        )
    {# Of somebody who was not seen yet nothing is told. #}
    union
    select profile_id from {{ ref('int_profiles') }}
    where first_seen_on > date '{{ finished.as_of_date }}'

),

{% else %}
-- depends_on: {{ ref('int_profiles__touched') }}
{% endif %}
profiles as (

    select * from {{ ref('int_profiles') }}
    where {{ asked }}

),

purchases as (

    select
        profile_id,
        bit_xor({{ row_hash(['order_key', 'purchased_on', 'seen_on', 'next_seen_on', 'net_revenue']) }})
            as purchases_hash,
        max(coalesce(next_seen_on, seen_on)) as last_changed_on,
        max(case when next_seen_on is null then purchased_on end) as last_purchased_on
    from {{ ref('int_purchases__versions') }}
    where {{ asked }}
    group by profile_id

),

{# Spans end on the day before somebody may go elsewhere. #}
activities as (

    select
        active_spans.profile_id,
        bit_xor({{ row_hash([
            'active_spans.activity', 'active_spans.active_from', 'active_spans.active_until'
        ]) }}) as activities_hash,
        max(active_spans.active_from) as last_began_on,
        max(
            case
                when active_spans.active_until < as_of.as_of_date
                    then {{ days_after('active_spans.active_until', 1) }}
            end
        ) as last_ended_on,
        min(
            case
                when active_spans.active_until >= as_of.as_of_date
                    then {{ days_after('active_spans.active_until', 1) }}
            end
        ) as next_ends_on
    from {{ ref('int_profiles__active_spans') }} as active_spans
    cross join as_of
    where {{ asked }}
    group by active_spans.profile_id

),

{# When recency alone takes a buyer elsewhere, past and to come, is told by turns. #}
joined as (

    select
        profiles.profile_id,
        profiles.is_test,
        profiles.first_seen_on,
        profiles.contact_known_on,
        purchases.purchases_hash,
        purchases.last_changed_on,
        activities.activities_hash,
        activities.last_began_on,
        activities.last_ended_on,
        activities.next_ends_on,
        {% for cut in range(1, 5) %}
        {{ days_after('purchases.last_purchased_on', '-current_yardstick.recency_cut_' ~ cut) }}
            as turn_{{ cut }},
        {% endfor %}
        {{ days_after('purchases.last_purchased_on', var('buyer_window_days')) }} as turn_5,
        as_of.as_of_date
    from profiles
    cross join as_of
    left join current_yardstick on as_of.as_of_date = current_yardstick.period_end
    left join purchases on profiles.profile_id = purchases.profile_id
    left join activities on profiles.profile_id = activities.profile_id

),

known as (

    select
        profile_id,
        {{ row_hash([
            'is_test', 'first_seen_on', 'contact_known_on', 'purchases_hash', 'activities_hash'
        ]) }} as facts_hash,
        greatest(
            case when first_seen_on <= as_of_date then first_seen_on end,
            case when contact_known_on <= as_of_date then contact_known_on end,
            last_changed_on,
            last_began_on,
            last_ended_on,
            {% for turn in range(1, 6) %}
            case when turn_{{ turn }} <= as_of_date then turn_{{ turn }} end
            {%- if not loop.last %},{% endif %}

            {% endfor %}
        ) as last_turned_on,
        least(
            case when first_seen_on > as_of_date then first_seen_on end,
            case when contact_known_on > as_of_date then contact_known_on end,
            next_ends_on,
            {% for turn in range(1, 6) %}
            case when turn_{{ turn }} > as_of_date then turn_{{ turn }} end
            {%- if not loop.last %},{% endif %}

            {% endfor %}
        ) as next_turn_on
    from joined

),

told as (

    select
        spans.profile_id,
        spans.facts_hash,
        spans.definition_hash,
        told_days.told_until
    from ({{ told_spans() }}) as spans
    left join told_days on spans.told_on = told_days.told_on
    where
        spans.until_period_number is null
        and {{ asked }}

),

{# Those whom only the history knows are no more: parts of others now, or erased. #}
touched as (

    select
        coalesce(known.profile_id, told.profile_id) as profile_id,
        known.facts_hash,
        case when known.profile_id is not null then definition.settings_hash end as settings_hash,
        case when known.profile_id is not null then definition.definition_hash end as definition_hash,
        coalesce(known.facts_hash <> told.facts_hash, true) as is_changed,
        case when known.profile_id is not null then definition.first_day end as first_day,
        known.last_turned_on,
        known.next_turn_on
    from known
    full join told on known.profile_id = told.profile_id
    cross join definition
    where
        known.profile_id is null
        or told.told_until is null
        or known.facts_hash <> told.facts_hash
        or definition.definition_hash <> told.definition_hash
        or known.last_turned_on > told.told_until

)

{# Work on people by number is half as dear as by id. #}
select
    *,
    row_number() over (order by profile_id) as person_number
from touched
