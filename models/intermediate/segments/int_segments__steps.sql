{# What touched people had bought, at the ends of those periods in which one of their purchases changed. #}
with

people as (

    select
        touched.person_number,
        touched.profile_id
    from {{ ref('int_segments__touched') }} as touched
    inner join {{ ref('int_profiles') }} as profiles on touched.profile_id = profiles.profile_id
    where
        touched.facts_hash is not null
        and not profiles.is_test

),

calendar as (

    select * from {{ ref('int_calendar') }}

),

purchases as (

    select
        people.person_number,
        versions.purchased_on,
        versions.net_revenue,
        versions.seen_on,
        versions.next_seen_on
    from {{ ref('int_purchases__versions') }} as versions
    inner join people on versions.profile_id = people.profile_id

),

steps as (

    {{ rfm_steps('purchases', 'calendar', person='person_number') }}

)

select * from steps
