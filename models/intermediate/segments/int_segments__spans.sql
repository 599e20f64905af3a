{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ forget_told_anew() }}",
) }}

{# After those who read what was told before. #}
-- depends_on: {{ ref('int_segments__restatements') }}
-- depends_on: {{ ref('int_segments__touched') }}
{# Everybody's history: what was told before, with that of the people who are touched in its place. Hook and
   rows are one transaction. #}
with

recomputed as (

    select * from {{ ref('int_segments__recomputed') }}

)

select * from recomputed
