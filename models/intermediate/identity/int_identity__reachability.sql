{% set by = ['owners', 'messages', 'accounts'] %}
{{ carried_on('profile_id', by=by) }}

{# What came back from each address that was written to, up to the as-of date. Complaints and unsubscribing
   are consent and tell nothing here; nor does a message that was sent and never heard of. #}
with

customers as (

    select * from {{ ref('stg_shop__customers') }}

),

{# Picked before anything is looked up, by the address that they went to. One that is picked by two conditions
   tells nothing else the second time. #}
events as (

    {% for address in ['email', 'phone'] if is_carried_on() or address == 'email' %}
    select events.*
    from {{ ref('stg_messaging__events') }} as events
    where {{ names_touched('events', [address], by=by) }}
    {{ 'union all' if is_carried_on() }}
    {% endfor %}
    {% if is_carried_on() %}
    select events.*
    from {{ ref('stg_messaging__events') }} as events
    where
        events.customer_id in (
            select accounts.customer_id
            from {{ ref('stg_shop__customers') }} as accounts
            where {{ names_touched('accounts', ['email', 'phone'], by=by) }}
        )
    {% endif %}

),

identifiers as (

    select * from {{ touched_identifiers(by=by) }}

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
        identifier_type,
        identifier_value,
        max(case when event_type = 'bounced' then occurred_at end) as last_bounced_at,
        max(case when event_type <> 'bounced' then occurred_at end) as last_arrived_at
    from addressed
    where identifier_value is not null
    group by identifier_type, identifier_value

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
