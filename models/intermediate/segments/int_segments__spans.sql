{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='profile_id',
    on_schema_change='fail',
    post_hook="delete from {{ this }} where from_period_number is null",
) }}

{# After those who read what was told before. #}
-- depends_on: {{ ref('int_segments__restatements') }}
{# Everybody's history: what was told before, with that of the people who are touched in its place. Hook and
   rows are one transaction. #}
with

recomputed as (

    select * from {{ ref('int_segments__recomputed') }}

)
{%- set touched = ref('int_segments__touched') %}

select * from recomputed
{% if is_incremental() %}
union all

{# A row for each of those of whom there is nothing left to tell: it takes the others away, and goes. #}
select
    touched.profile_id,
    touched.facts_hash,
    touched.settings_hash,
    touched.definition_hash,
    null as course_hash,
    null as segment,
    null as previous_segment,
    null as out_of_base_reason,
    null as recency_score,
    null as frequency_score,
    null as monetary_score,
    null as order_count,
    null as net_revenue,
    null as lifetime_order_count,
    null as from_period_number,
    null as until_period_number,
    null as build_number,
    null as is_engaged,
    null as entered_on,
    null as first_purchased_on,
    null as last_purchased_on,
    touched.first_day,
    null as told_on,
    null as last_turned_on,
    null as next_turn_on
from {{ touched }} as touched
left join recomputed on touched.profile_id = recomputed.profile_id
where recomputed.profile_id is null
{% endif %}
