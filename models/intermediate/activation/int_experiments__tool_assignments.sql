-- depends_on: {{ ref('int_privacy__erased_records') }}
{# Assignments of outside tools, each with its person: the account tells, else the address, the number, the
   device. One of an identifier that is nobody's is left out. #}
with

assignments as (

    select * from {{ ref('stg_experiments__assignments') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

owned as (

    select
        assignments.experiment_id,
        assignments.arm,
        {{ owner(['customer_id', 'email', 'phone', 'anonymous_id']) }} as profile_id,
        {{ local_date('assignments.assigned_at') }} as assigned_on,
        assignments.assigned_at
    from assignments
    {{ joined_owners('assignments', ['customer_id', 'email', 'phone', 'anonymous_id']) }}

)

{# Somebody with several devices may come several times. #}
select
    owned.experiment_id,
    owned.profile_id,
    owned.arm,
    min(owned.assigned_on) as assigned_on,
    min(owned.assigned_at) as assigned_at
from owned
inner join as_of on owned.assigned_on <= as_of.as_of_date
where owned.profile_id is not null
group by
    owned.experiment_id,
    owned.profile_id,
    owned.arm
