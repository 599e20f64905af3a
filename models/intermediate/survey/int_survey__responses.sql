-- depends_on: {{ ref('int_privacy__erased_records') }}
{# Answers up to the as-of date with the person, if it is one that is known: the account tells, else the
   address. What was written beside the score goes no further. #}
with

responses as (

    select * from {{ ref('stg_survey__nps_responses') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

owned as (

    select
        responses.response_id,
        {{ owner(['customer_id', 'email']) }} as profile_id,
        responses.touchpoint,
        responses.score,
        {{ local_date('responses.responded_at') }} as responded_on,
        responses.responded_at
    from responses
    {{ joined_owners('responses', ['customer_id', 'email']) }}

)

select owned.*
from owned
inner join as_of on owned.responded_on <= as_of.as_of_date
