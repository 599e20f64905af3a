{# What touched people had bought, at the ends of those periods in which one of their purchases changed. Of
   those of whom something else is known in this build, purchases were looked for once; of whoever else is told
   anew, here. #}
{% set versions = [
    (ref('int_purchases__touched'), 'people.touched_in = ' ~ build_number()),
    (ref('int_purchases__versions'), 'people.touched_in is distinct from ' ~ build_number()),
] %}

with

people as (

    select
        person_number,
        profile_id,
        is_test,
        touched_in
    from {{ ref('int_segments__touched') }}
    where facts_hash is not null

),

calendar as (

    select * from {{ ref('int_calendar') }}

),

steps as (

    {{ rfm_steps('people', 'calendar', person='person_number', versions=versions) }}

)

select * from steps
