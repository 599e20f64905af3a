{# Addresses from which something else may have come back: those that messages name which are others since the last
   finished build, of which the time has come since, or which have an address by their account alone and that is
   another; and what was nobody's then. None where no build is finished: all is made anew. #}
with

events as (

    {{ new_rows(ref('base_messaging__events'), 'occurred_at') }}

),

customers as (

    select * from {{ ref('base_shop__customers') }}

),

new_customers as (

    select customer_id from customers
    where {{ is_new('customers') }}

),

{# Of messages to an account the address that it states tells, or stated. #}
accounts as (

    select customer_id from events
    union
    select messages.customer_id
    from {{ ref('base_messaging__events') }} as messages
    where
        {{ is_among_few('messages.customer_id', 'new_customers') }}
        and case messages.channel when 'email' then messages.email else messages.phone end is null

),

addresses as (

    {% for type in ['email', 'phone'] %}
    select
        '{{ type }}' as identifier_type,
        {{ type }} as identifier_value
    from events
    union
    select
        '{{ type }}' as identifier_type,
        {{ type }} as identifier_value
    from customers
    where {{ is_among_few('customer_id', 'accounts') }}
    union
    {% endfor %}
    select
        identifier_type,
        identifier_value
    from {{ ref('int_identity__found') }}
    where identifier_type in ('email', 'phone')

)

select
    identifier_type,
    identifier_value
from addresses
where identifier_value is not null
