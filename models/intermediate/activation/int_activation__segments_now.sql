{{ carried_on_in_activation() }}

{# Where everybody is on the as-of date; nobody who is out of the base. #}
with

spans as (

    select * from {{ ref('int_segments__spans') }}

)

select
    profile_id,
    segment,
    cast(definition_hash as string) as definition
from spans
where
    until_period_number is null
    and segment is not null
    and {{ is_touched_in_activation('profile_id') }}
