{# Whose history has to be told anew: the people about whom something else is known than when it was last
   told, or who have passed a date since then on which they may have gone elsewhere (a score fell, a window
   ended). All of them if the rules, the code or the cuts are others now. The history of everybody else stays as it is, for
   it depends on nothing else.

   Facts are asked only of whom they may be others: the tables that they are in are carried on, so that they hold
   other rows of people alone who are touched. #}
{% set finished = told_by_finished() %}
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

{% if finished %}
touched_people as (

    select
        profile_id,
        profile_number
    from {{ ref('int_profiles__touched') }}

),

{# What is not `<>`, for DuckDB holds these against the smallest and largest of each block, and reads none. #}
passed as (

    {% for condition in [
        'next_turn_on <= (select as_of_date from as_of)',
        'definition_hash < (select definition_hash from definition)',
        'definition_hash > (select definition_hash from definition)',
    ] %}
    select
        profile_id,
        profile_number
    from ({{ told_spans() }}) as spans
    where
        until_period_number is null
        and {{ condition }}
    union
    {% endfor %}
    {# Of somebody who was not seen yet nothing is told. #}
    select
        profile_id,
        {{ number_of('profile_id') }} as profile_number
    from {{ ref('int_profiles') }}
    where
        first_seen_on > date '{{ finished.as_of_date }}'
        and first_seen_on <= (select as_of_date from as_of)

),

{# Of whom time alone may tell something else. #}
at_rest as (

    select
        passed.profile_id,
        passed.profile_number
    from passed
    left join touched_people on passed.profile_number = touched_people.profile_number
    where touched_people.profile_number is null

),

asked as (

    select
        profile_id,
        profile_number
    from touched_people
    union
    select
        profile_id,
        profile_number
    from at_rest

),

{% else %}
-- depends_on: {{ ref('int_profiles__touched') }}
-- depends_on: {{ ref('int_purchases__touched') }}
{% endif %}
profiles as (

    select
        profile_id,
        {{ number_of('profile_id') }} as profile_number,
        is_test,
        first_seen_on,
        contact_known_on
    from {{ ref('int_profiles') }}
    {% if finished %}
    where {{ is_among_few('profile_id', 'asked') }}
    {% endif %}

),

{% set purchase_columns = 'profile_id, order_key, purchased_on, seen_on, next_seen_on, net_revenue' %}
versions as (

    select {{ purchase_columns }} from {{ ref('int_purchases__versions') }}
    {% if finished %}
    where {{ is_among_few('profile_id', 'at_rest') }}
    union all
    select {{ purchase_columns }} from {{ ref('int_purchases__touched') }}
    {% endif %}

),

purchases as (

    select
        profile_id,
        bit_xor({{ row_hash(['order_key', 'purchased_on', 'seen_on', 'next_seen_on', 'net_revenue']) }})
            as purchases_hash,
        max(coalesce(next_seen_on, seen_on)) as last_changed_on,
        max(case when next_seen_on is null then purchased_on end) as last_purchased_on
    from versions
    group by profile_id

),

{# Spans end on the day before somebody may go elsewhere. #}
activities as (

    select
        active_spans.profile_number,
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
    {% if finished %}
    where {{ is_among_few('active_spans.profile_number', 'asked') }}
    {% endif %}
    group by active_spans.profile_number

),

{# When recency alone takes a buyer elsewhere, past and to come, is told by turns. #}
joined as (

    select
        profiles.profile_id,
        profiles.profile_number,
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
    left join activities on profiles.profile_number = activities.profile_number

),

known as (

    select
        profile_id,
        profile_number,
        is_test,
        first_seen_on,
        contact_known_on,
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
        {{ 'asked' if finished else 'spans' }}.profile_id,
        spans.profile_number,
        spans.facts_hash,
        spans.definition_hash,
        spans.told_on
    from ({{ told_spans() }}) as spans
    {% if finished %}
    inner join asked on spans.profile_number = asked.profile_number
    {% endif %}
    where
        spans.until_period_number is null
        and {{ is_among_few('spans.profile_number', 'asked') if finished else 'true' }}

),

{# Those whom only the history knows are no more: parts of others now, or erased. #}
touched as (

    select
        coalesce(known.profile_id, told.profile_id) as profile_id,
        coalesce(known.profile_number, told.profile_number) as profile_number,
        known.facts_hash,
        case when known.profile_id is not null then definition.settings_hash end as settings_hash,
        case when known.profile_id is not null then definition.definition_hash end as definition_hash,
        coalesce(known.facts_hash <> told.facts_hash, true) as is_changed,
        known.is_test,
        case when known.profile_id is not null then definition.first_day end as first_day,
        known.first_seen_on,
        known.contact_known_on,
        known.next_turn_on
    from known
    full join told on known.profile_number = told.profile_number
    cross join definition
    cross join as_of
    where
        known.profile_id is null
        or told.profile_id is null
        or told.told_on > as_of.as_of_date
        or known.facts_hash <> told.facts_hash
        or definition.definition_hash <> told.definition_hash
        or known.last_turned_on > told.told_on

)

{# Work on people by number is half as dear as by id. #}
select
    *,
    {% if finished %}
    case
        when profile_number in (select touched_people.profile_number from touched_people) then {{ build_number() }}
    end as touched_in,
    {% else %}
    cast(null as bigint) as touched_in,
    {% endif %}
    row_number() over (order by profile_id) as person_number
from touched
