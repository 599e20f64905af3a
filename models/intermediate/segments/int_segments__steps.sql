{# What touched people had bought, at the ends of those periods in which one of their purchases changed. #}
with

people as (

    select
        touched.person_number,
        touched.profile_id,
        profiles.is_test
    from {{ ref('int_segments__touched') }} as touched
    inner join {{ ref('int_profiles') }} as profiles on touched.profile_id = profiles.profile_id
    where touched.facts_hash is not null

),

calendar as (

    select * from {{ ref('int_calendar') }}

),

steps as (

    {{ rfm_steps('people', 'calendar', person='person_number') }}

)

select * from steps
