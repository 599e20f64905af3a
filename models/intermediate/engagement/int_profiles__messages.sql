{% set reasons = ['identity', 'messages'] %}
{% set types = ['customer_id', 'email', 'phone'] %}
{{ carried_on('profile_id', reasons) }}

with

{# Picked before anybody is looked up: few are, and each look-up asks all of whom there is an identifier. #}
events as (

    select * from {{ records_naming_touched('messaging__events', types, reasons) }}

),

{% if is_carried_on() %}
named_identifiers as (

    {{ identifiers_named_by('events', types) }}

),
{% endif %}

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

owned as (

    select
        events.event_id,
        events.channel,
        events.event_type,
        events.campaign_id,
        {{ owner(types) }} as profile_id,
        {{ local_date('events.occurred_at') }} as occurred_on,
        events.occurred_at
    from events
    {{ joined_owners('events', types, 'named_identifiers' if is_carried_on() else none) }}

)

select owned.*
from owned
inner join as_of on owned.occurred_on <= as_of.as_of_date
where
    owned.profile_id is not null
    and {{ is_touched('owned.profile_id', by=reasons) }}
