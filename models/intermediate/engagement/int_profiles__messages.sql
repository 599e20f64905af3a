{% set types = ['customer_id', 'email', 'phone'] %}
{{ carried_on_from_taken(['take_out_touched_messages()']) }}

{# Carried on by event, for people are written to often: one that stood is made anew only where its owner may
   be another. #}
with

{% if is_carried_on() %}
touched as (

    select * from {{ ref('int_messages__touched') }}

),

{# What they name is known by number alone. #}
{% set columns = ['event_id', 'event_number', 'channel', 'event_type', 'campaign_id', 'occurred_at'] %}
{% for type in types %}
{% do columns.append(type ~ '_number') %}
{% endfor %}
events as (

    select {{ columns | join(', ') }} from touched
    where is_kept
    union all
    select {{ columns | join(', ') }} from {{ taken_from(this) }}
    where event_number not in (select touched.event_number from touched)

),

named_identifiers as (

    {{ identifiers_named_by('events', types, numbered=true) }}

),
{% else %}
{% if not execute %} {% do ref('int_messages__touched') %} {% endif %}
{% do is_touched('profile_number', by=['owners']) %}
events as (

    select
        event_id,
        {{ number_of('event_id') }} as event_number,
        channel,
        event_type,
        campaign_id,
        {% for type in types %}
        {{ type }},
        {{ number_of(type) }} as {{ type }}_number,
        {% endfor %}
        occurred_at
    from {{ ref('stg_messaging__events') }}

),
{% endif %}

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

owned as (

    select
        events.event_id,
        events.event_number,
        events.channel,
        events.event_type,
        events.campaign_id,
        {{ owner(types) }} as profile_id,
        {% for type in types %}
        events.{{ type }}_number,
        {% endfor %}
        {{ local_date('events.occurred_at') }} as occurred_on,
        events.occurred_at
    from events
    {{ joined_owners('events', types, 'named_identifiers' if is_carried_on() else none, numbered=true) }}

)

select
    owned.*,
    {{ number_of('owned.profile_id') }} as profile_number
from owned
inner join as_of on owned.occurred_on <= as_of.as_of_date
where owned.profile_id is not null
