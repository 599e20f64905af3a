{{ carried_on_from_taken(['take_out_touched_addresses()']) }}

{# What came back from each address that was written to, up to the as-of date. Complaints and unsubscribing
   are consent and tell nothing here; nor does a message that was sent and never heard of. What is known of an address
   goes on, whosever it is by now; all messages are read again for those of which it may be another. #}
{% if not execute %}
{% do ref('int_profiles__touched') %}
{% do ref('int_identity__touched_addresses') %}
{% endif %}
with

customers as (

    select * from {{ ref('stg_shop__customers') }}

),

{% if is_carried_on() %}
touched as (

    select
        identifier_type,
        identifier_value
    from {{ ref('int_identity__touched_addresses') }}

),

accounts as (

    select customer_id from customers
    where
        email in (select touched.identifier_value from touched where touched.identifier_type = 'email')
        or phone in (select touched.identifier_value from touched where touched.identifier_type = 'phone')

),
{% endif %}

{# Picked before anything is looked up, by the address that they went to. One that is picked by two conditions
   tells nothing else the second time. #}
events as (

    {% if is_carried_on() %}
    {% for address in ['email', 'phone'] %}
    select events.*
    from {{ ref('stg_messaging__events') }} as events
    where
        events.{{ address }} in (
            select touched.identifier_value from touched
            where touched.identifier_type = '{{ address }}'
        )
    union all
    {% endfor %}
    {% endif %}
    select events.*
    from {{ ref('stg_messaging__events') }} as events
    {% if is_carried_on() %}
    where {{ is_among_few('events.customer_id', 'accounts') }}
    {% endif %}

),

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

{# A message that names no address went to the one its account states; without one, nobody knows where. #}
addressed as (

    select
        case events.channel when 'email' then 'email' else 'phone' end as identifier_type,
        case events.channel
            when 'email' then coalesce(events.email, customers.email)
            else coalesce(events.phone, customers.phone)
        end as identifier_value,
        events.event_type,
        events.occurred_at
    from events
    inner join as_of on {{ local_date('events.occurred_at') }} <= as_of.as_of_date
    left join customers on events.customer_id = customers.customer_id
    where
        events.channel in ('email', 'sms')
        and events.event_type in ('bounced', 'delivered', 'opened', 'clicked')

),

outcomes as (

    select
        addressed.identifier_type,
        addressed.identifier_value,
        max(case when addressed.event_type = 'bounced' then addressed.occurred_at end) as last_bounced_at,
        max(case when addressed.event_type <> 'bounced' then addressed.occurred_at end) as last_arrived_at
    from addressed
    {% if is_carried_on() %}
    inner join touched
        on
            addressed.identifier_type = touched.identifier_type
            and addressed.identifier_value = touched.identifier_value
    {% else %}
    where addressed.identifier_value is not null
    {% endif %}
    group by addressed.identifier_type, addressed.identifier_value
    {% if is_carried_on() %}
    union all
    select
        told.identifier_type,
        told.identifier_value,
        told.last_bounced_at,
        told.last_arrived_at
    from {{ taken_from(this) }} as told
    left join touched
        on
            told.identifier_type = touched.identifier_type
            and told.identifier_value = touched.identifier_value
    where touched.identifier_value is null
    {% endif %}

),

{# By number: each address is looked for alone, by few of them among many. #}
identifiers as (

    select * from {{ ref('int_identity__identifiers') }}
    {% if is_carried_on() %}
    where
        node_id in (
            select {{ hash_number("outcomes.identifier_type || ':' || outcomes.identifier_value") }}
            from outcomes
            group by outcomes.identifier_type, outcomes.identifier_value
            having count(*) > 0
        )
    {% endif %}

)

select
    identifiers.profile_id,
    outcomes.identifier_type,
    outcomes.identifier_value,
    {# At the same moment the bounce wins: many come after the message was taken in. #}
    outcomes.last_bounced_at is null
    or coalesce(outcomes.last_arrived_at > outcomes.last_bounced_at, false) as is_reachable,
    outcomes.last_bounced_at,
    outcomes.last_arrived_at
from outcomes
inner join identifiers
    on
        outcomes.identifier_type = identifiers.identifier_type
        and outcomes.identifier_value = identifiers.identifier_value
