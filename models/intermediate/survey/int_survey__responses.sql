-- depends_on: {{ ref('int_privacy__erased_records') }}
{% set reasons = ['owners', 'accounts'] %}
{% set types = ['customer_id', 'email'] %}
{% do is_touched('profile_id', by=reasons) %}
{{ config(
    materialized=incremental_or_table(),
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ forget_touched_or_nobodys('profile_id', " ~ reasons ~ ") }}",
) }}

{# Answers up to the as-of date with the person, if it is one that is known: the account tells, else the
   address. What was written beside the score goes no further. Whatever is not there is told anew: answers of touched
   people, those of nobody, for somebody may be known by now, and new ones. #}
with

responses as (

    select * from {{ ref('stg_survey__nps_responses') }}
    {% if is_carried_on() -%}
    where response_id not in (select told.response_id from {{ this }} as told)
    {%- endif %}

),

{% if is_carried_on() %}
named_identifiers as (

    {{ identifiers_named_by('responses', types) }}

),
{% endif %}

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

owned as (

    select
        responses.response_id,
        {{ owner(types) }} as profile_id,
        responses.touchpoint,
        responses.score,
        {{ local_date('responses.responded_at') }} as responded_on,
        responses.responded_at
    from responses
    {{ joined_owners('responses', types, 'named_identifiers' if is_carried_on() else none) }}

)

select owned.*
from owned
inner join as_of on owned.responded_on <= as_of.as_of_date
