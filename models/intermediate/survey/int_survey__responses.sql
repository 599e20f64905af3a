-- depends_on: {{ ref('int_privacy__erased_records') }}
{% set types = ['customer_id', 'email'] %}
{% do is_retold('profile_id') %}
{{ config(
    materialized=incremental_or_table(),
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook='{{ forget_retold_or_nobodys() }}',
) }}

{# Answers up to the as-of date with the person, if it is one that is known: the account tells, else the
   address. What was written beside the score goes no further. Whatever is not there is told anew: answers of people
   who are touched or whose history was told anew, those of nobody, for somebody may be known by now, and new ones. A
   new one touches whoever gave it, so that all answers of a person are told together. #}
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

spans as (

    select
        profile_id,
        segment,
        from_period_number,
        until_period_number
    from {{ ref('int_segments__spans') }}
    where {{ is_retold('profile_number') }}

),

calendar as (

    select * from {{ ref('int_calendar') }}

),

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

),

quartered as (

    select
        owned.*,
        cast(date_trunc('quarter', owned.responded_on) as date) as quarter_start
    from owned
    inner join as_of on owned.responded_on <= as_of.as_of_date

),

ranked as (

    select
        *,
        row_number() over (
            partition by coalesce(profile_id, 'response ' || response_id), quarter_start
            order by responded_at desc, response_id desc
        ) as place
    from quartered

),

{# The answer may be about what moved the person since: the segment is that of the last period before. #}
standings as (

    select
        ranked.response_id,
        spans.segment
    from ranked
    inner join calendar on ranked.responded_on = calendar.calendar_day
    inner join spans
        on
            ranked.profile_id = spans.profile_id
            and {{ lasts_in('spans', 'calendar.period_number - 1') }}

)

select

    ---------- ids
    ranked.response_id,
    ranked.profile_id,

    ---------- strings
    ranked.touchpoint,
    standings.segment as segment_before,

    ---------- numerics
    ranked.score,

    ---------- booleans
    ranked.place = 1 as is_last_of_quarter,

    ---------- dates and timestamps
    ranked.quarter_start,
    ranked.responded_on,
    ranked.responded_at

from ranked
left join standings on ranked.response_id = standings.response_id
