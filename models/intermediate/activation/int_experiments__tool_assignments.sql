-- depends_on: {{ ref('int_privacy__erased_records') }}
{# Assignments of outside tools, each with its person: the account tells, else the address, the number, the
   device. One of an identifier that is nobody's is left out. #}
with

assignments as (

    select * from {{ ref('stg_experiments__assignments') }}

),

identifiers as (

    select * from {{ ref('int_identity__identifiers') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

owned as (

    select
        assignments.experiment_id,
        assignments.arm,
        coalesce(
            accounts.profile_id, addresses.profile_id, numbers.profile_id, devices.profile_id
        ) as profile_id,
        {{ local_date('assignments.assigned_at') }} as assigned_on,
        assignments.assigned_at
    from assignments
    left join identifiers as accounts
        on
            assignments.customer_id = accounts.identifier_value
            and accounts.identifier_type = 'customer_id'
    left join identifiers as addresses
        on
            assignments.email = addresses.identifier_value
            and addresses.identifier_type = 'email'
    left join identifiers as numbers
        on
            assignments.phone = numbers.identifier_value
            and numbers.identifier_type = 'phone'
    left join identifiers as devices
        on
            assignments.anonymous_id = devices.identifier_value
            and devices.identifier_type = 'anonymous_id'

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
