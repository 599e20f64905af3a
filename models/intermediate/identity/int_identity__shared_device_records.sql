{{ carried_on_from_taken(["take_out_touched('device_id')"]) }}

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

{% set sources = {
    'web.events': {
        'model': 'web__events', 'key': 'event_id', 'time': 'occurred_at',
        'names': ['customer_id', 'email'], 'condition': 'not records.is_bot',
    },
    'shop.orders': {
        'model': 'shop__orders', 'key': 'order_id', 'time': 'ordered_at', 'names': named, 'condition': 'true',
    },
} %}
{% for source in sources.values() if not execute %}
{% do ref('base_' ~ source.model) %}
{% endfor %}
{% if is_carried_on() %}
{# What was known of a device goes on, but for records that are others by now. #}
changed as (

    {% for name, source in sources.items() %}
    select
        '{{ name }}' as source_table,
        records.{{ source.key }} as record_id
    from {{ ref('base_' ~ source.model) }} as records
    where {{ is_new('records') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

told as (

    select told.*
    from {{ taken_from(this) }} as told
    left join changed
        on
            told.source_table = changed.source_table
            and told.record_id = changed.record_id
    where changed.record_id is null

),

{# Of one that was nobody else's all records are looked for. #}
newly_shared as (

    select * from shared_devices
    where device_id not in (select told.device_id from {{ taken_from(this) }} as told)

),
{% endif %}

found as (

    {% for name, source in sources.items() %}
    {% for few in ['shared_devices', 'newly_shared'] if is_carried_on() or few == 'shared_devices' %}
    {% set conditions = [source.condition, is_among_few('records.anonymous_id', few)] %}
    {% if is_carried_on() %}
    {% do conditions.append('records.is_kept') %}
    {% endif %}
    {% if is_carried_on() and few == 'shared_devices' %}
    {% do conditions.append(is_new('records')) %}
    {% do conditions.append('records.anonymous_id not in (select newly_shared.anonymous_id from newly_shared)') %}
    {% endif %}
    select
        '{{ name }}' as source_table,
        records.{{ source.key }} as record_id,
        records.anonymous_id,
        {% for identifier in named %}
        {% set name = 'records.' ~ identifier if identifier in source.names else 'cast(null as string)' %}
        {% if not is_carried_on() %}
        {{ name }} as {{ identifier }},
        {% endif %}
        {{ number_of(name) }} as {{ identifier }}_number,
        {% endfor %}
        records.{{ source.time }} as happened_at
    from {{ ref(('base_' if is_carried_on() else 'stg_') ~ source.model) }} as records
    where {{ conditions | join(' and ') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

records as (

    select
        found.*,
        shared_devices.device_id,
        shared_devices.owner_profile_id
    from found
    inner join shared_devices on found.anonymous_id = shared_devices.anonymous_id
    {% if is_carried_on() %}
    union all
    select
        told.source_table,
        told.record_id,
        told.anonymous_id,
        {% for identifier in named %}
        told.{{ identifier }}_number,
        {% endfor %}
        told.happened_at,
        shared_devices.device_id,
        shared_devices.owner_profile_id
    from told
    inner join shared_devices on told.device_id = shared_devices.device_id
    {% endif %}

),

{% if is_carried_on() %}
named_identifiers as (

    {{ identifiers_named_by('records', named, numbered=true) }}

),
{% endif %}

{% set identifiers = 'named_identifiers' if is_carried_on() else ref('int_identity__identifiers') %}
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
            {% if is_carried_on() %}
            records.{{ identifier }}_number = {{ identifier }}_owners.name_number
            {% else %}
            records.{{ identifier }} = {{ identifier }}_owners.identifier_value
            {% endif %}
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
    {% for identifier in named %}
    {{ identifier }}_number,
    {% endfor %}
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
