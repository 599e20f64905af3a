{{ config(materialized=view_or_table()) }}

with

assigned as (

    select * from {{ portable(ref('int_experiments__assigned')) }}

)

select

    ---------- ids
    experiment_id,
    profile_id,

    ---------- strings
    arm,
    source,
    segment,
    stage,

    ---------- booleans
    is_mixed,
    is_in_global_control,

    ---------- dates
    assigned_on

from assigned
