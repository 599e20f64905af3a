with

events as (

    select * from {{ ref('stg_messaging__events') }}

),

identifiers as (

    select * from {{ ref('int_identity__identifiers') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

owned as (

    select
        events.event_id,
        events.channel,
        events.event_type,
        events.campaign_id,
        coalesce(accounts.profile_id, addresses.profile_id, numbers.profile_id) as profile_id,
        {{ local_date('events.occurred_at') }} as occurred_on,
        events.occurred_at
    from events
    left join identifiers as accounts
        on
            events.customer_id = accounts.identifier_value
            and accounts.identifier_type = 'customer_id'
    left join identifiers as addresses
        on
            events.email = addresses.identifier_value
            and addresses.identifier_type = 'email'
    left join identifiers as numbers
        on
            events.phone = numbers.identifier_value
            and numbers.identifier_type = 'phone'

)

select owned.*
from owned
inner join as_of on owned.occurred_on <= as_of.as_of_date
where owned.profile_id is not null
