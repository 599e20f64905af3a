{# Addresses from which something else may have come back: those that messages name which are others since the
   last finished build, of which the time has come since, or which have an address by their account alone and that
   is another; and what was nobody's then. None where no build is finished: all is made anew. #}
with

events as (

    {{ new_rows(ref('base_messaging__events'), 'occurred_at') }}

),

new_customers as (

    select
        customers.customer_id,
        {{ hash_number("'customer_id:' || customers.customer_id") }} as node_id
    from {{ ref('base_shop__customers') }} as customers
    where {{ is_new('customers') }}

),

{# Those to whom messages went that name less than all, which is told by what they name: no message is
   read. #}
written_to as (

    select customer_id_node as node_id
    from {{ ref('int_identity__records') }}
    where
        source_table = 'messaging.events'
        and (email_node is null or phone_node is null)
        and {{ is_among_few('customer_id_node', 'new_customers', 'node_id') }}

),

{# Of messages to an account the address that it states tells, or stated. #}
accounts as (

    select customer_id from events
    union
    select customer_id from new_customers
    where node_id in (select written_to.node_id from written_to)

),

stating as (

    select
        email,
        phone
    from {{ ref('base_shop__customers') }}
    where
        customer_id in (
            select accounts.customer_id from accounts
            group by accounts.customer_id
            having count(*) > 0
        )

),

addresses as (

    {% for type in ['email', 'phone'] %}
    {% for relation in ['events', 'stating'] %}
    select
        '{{ type }}' as identifier_type,
        {{ type }} as identifier_value
    from {{ relation }}
    union
    {% endfor %}
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
