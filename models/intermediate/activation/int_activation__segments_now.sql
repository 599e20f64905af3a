{# Where everybody is on the as-of date; nobody who is out of the base. #}
with

spans as (

    select * from {{ ref('int_segments__spans') }}

),

periods as (

    select * from {{ ref('int_periods') }}
    where is_current

)

select
    spans.profile_id,
    spans.segment,
    cast(spans.definition_hash as string) as definition
from spans
inner join periods
    on
        spans.from_period_number <= periods.period_number
        and coalesce(spans.until_period_number >= periods.period_number, true)
where spans.segment is not null
