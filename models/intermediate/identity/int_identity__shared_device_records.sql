{{ carried_on('device_id') }}

{# Who was at a device of several people when something happened on it: whoever the record names, else the
   person known there before and then after within the session (30 minutes without a pause), else the nearest
   before and then after within `device_memory_days`, else the device's owner, if it has one. What nobody did in
   a session is nobody's where more people are known than a household has: at a tablet in a shop the one who was
   there yesterday tells nothing. All of it follows from the records at the device and from whose their identifiers are. #}
{% set household_size = 5 %}
{% set named = ['customer_id', 'loyalty_card_id', 'email', 'phone'] %}
with

shared_devices as (

    select * from {{ ref('int_identity__shared_devices') }}
    where {{ is_touched('device_id') }}

),

events as (

    select events.*
    from {{ ref('stg_web__events') }} as events
    where
        not events.is_bot
        and {{ is_among_few('events.anonymous_id', 'shared_devices') }}

),

orders as (

    select orders.*
    from {{ ref('stg_shop__orders') }} as orders
    where {{ is_among_few('orders.anonymous_id', 'shared_devices') }}

),

records as (

    select
        'web.events' as source_table,
        events.event_id as record_id,
        shared_devices.device_id,
        events.anonymous_id,
        events.customer_id,
        cast(null as string) as loyalty_card_id,
        events.email,
        cast(null as string) as phone,
        events.occurred_at as happened_at,
        shared_devices.owner_profile_id
    from events
    inner join shared_devices on events.anonymous_id = shared_devices.anonymous_id
    union all
    select
        'shop.orders' as source_table,
        orders.order_id as record_id,
        shared_devices.device_id,
        orders.anonymous_id,
        orders.customer_id,
        orders.loyalty_card_id,
        orders.email,
        orders.phone,
        orders.ordered_at as happened_at,
        shared_devices.owner_profile_id
    from orders
    inner join shared_devices on orders.anonymous_id = shared_devices.anonymous_id

),

{% set identifiers = 'named_identifiers' if is_carried_on() else ref('int_identity__identifiers') %}
{% if is_carried_on() %}
named_identifiers as (

    {{ identifiers_named_by('records', named) }}

),
{% endif %}

known as (

    select
        records.*,
        coalesce(
            {% for identifier in named %}
            {{ identifier }}_owners.profile_id{{ ',' if not loop.last }}
            {% endfor %}
        ) as named_profile_id,
        case
            when
                {{ seconds_between(
                    "lag(records.happened_at) over (partition by records.anonymous_id "
                    ~ "order by records.happened_at, records.source_table, records.record_id)",
                    'records.happened_at'
                ) }} <= 1800
                then 0
            else 1
        end as starts_session
    from records
    {% for identifier in named %}
    left join {{ identifiers }} as {{ identifier }}_owners
        on
            records.{{ identifier }} = {{ identifier }}_owners.identifier_value
            and {{ identifier }}_owners.identifier_type = '{{ identifier }}'
    {% endfor %}

),

households as (

    select anonymous_id
    from known
    group by anonymous_id
    having count(distinct named_profile_id) <= {{ household_size }}

),

{# Records between two that name somebody share one number with the first, and another with the second. #}
numbered as (

    select
        known.*,
        sum(starts_session) over (
            partition by anonymous_id
            order by happened_at, source_table, record_id
            rows between unbounded preceding and current row
        ) as session_number,
        count(named_profile_id) over (
            partition by anonymous_id
            order by happened_at, source_table, record_id
            rows between unbounded preceding and current row
        ) as known_before,
        count(named_profile_id) over (
            partition by anonymous_id
            order by happened_at, source_table, record_id
            rows between current row and unbounded following
        ) as known_after
    from known

),

neighbours as (

    select
        {% for side in ['before', 'after'] %}
        max(numbered.named_profile_id) over (
            partition by numbered.anonymous_id, numbered.known_{{ side }}
        ) as profile_{{ side }},
        max(case when numbered.named_profile_id is not null then numbered.session_number end) over (
            partition by numbered.anonymous_id, numbered.known_{{ side }}
        ) as session_{{ side }},
        max(case when numbered.named_profile_id is not null then numbered.happened_at end) over (
            partition by numbered.anonymous_id, numbered.known_{{ side }}
        ) as known_at_{{ side }},
        {% endfor %}
        numbered.*
    from numbered

),

{% set memory = var('device_memory_days') * 86400 %}
remembered as (

    select
        neighbours.*,
        households.anonymous_id is not null
        and {{ seconds_between('neighbours.known_at_before', 'neighbours.happened_at') }} <= {{ memory }}
            as is_before_remembered,
        households.anonymous_id is not null
        and {{ seconds_between('neighbours.happened_at', 'neighbours.known_at_after') }} <= {{ memory }}
            as is_after_remembered
    from neighbours
    left join households on neighbours.anonymous_id = households.anonymous_id

)

select
    source_table,
    record_id,
    device_id,
    anonymous_id,
    happened_at,
    case
        when named_profile_id is not null then named_profile_id
        when session_before = session_number then profile_before
        when session_after = session_number then profile_after
        when is_before_remembered then profile_before
        when is_after_remembered then profile_after
        else owner_profile_id
    end as profile_id,
    case
        when named_profile_id is not null then 'named'
        when session_before = session_number or session_after = session_number then 'session'
        when is_before_remembered then 'before'
        when is_after_remembered then 'after'
        when owner_profile_id is not null then 'owner'
    end as found_by
from remembered
