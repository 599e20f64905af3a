{{ carried_on_in_activation(key='profile_number') }}

{# Where everybody is on the as-of date; nobody who is out of the base. #}
with

spans as (

    select * from {{ of_touched('int_segments__spans') }}

)

select
    profile_id,
    {{ number_of('profile_id') }} as profile_number,
    segment,
    cast(definition_hash as string) as definition,
    {{ build_number() }} as build_number
from spans
where
    until_period_number is null
    and segment is not null
