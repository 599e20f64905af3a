-- depends_on: {{ ref('int_privacy__erased_records') }}
{{ carried_on('profile_id', by=['owners', 'accounts']) }}
{% set types = ['customer_id', 'email', 'phone', 'anonymous_id'] %}

{# Assignments of outside tools, each with its person: the account tells, else the address, the number, the
   device. One of an identifier that is nobody's is left out. #}
with

assignments as (

    select assignments.*
    from {{ ref('stg_experiments__assignments') }} as assignments
    where {{ names_touched('assignments', types, by=['owners', 'accounts']) }}

),

{% if is_carried_on() %}
named_identifiers as (

    {{ identifiers_named_by('assignments', types) }}

),
{% endif %}

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

owned as (

    select
        assignments.experiment_id,
        assignments.arm,
        {{ owner(types) }} as profile_id,
        {{ local_date('assignments.assigned_at') }} as assigned_on,
        assignments.assigned_at
    from assignments
    {{ joined_owners('assignments', types, 'named_identifiers' if is_carried_on() else none) }}

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
where
    owned.profile_id is not null
    and {{ is_touched('owned.profile_id', by=['owners', 'accounts']) }}
group by
    owned.experiment_id,
    owned.profile_id,
    owned.arm
