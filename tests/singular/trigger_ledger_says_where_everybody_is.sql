-- The promise that campaigns run by: after each build everybody's last row of the ledger is his segment
-- of today, and nobody's is any who is in none. A build that looks from before the last one leaves the
-- ledger alone.
with

ranked as (

    select
        *,
        row_number() over (partition by profile_id order by trigger_seq desc) as age,
        max(issued_on) over () as last_issued_on
    from {{ ref('int_activation__trigger_ledger') }}
    where salt_fingerprint = {{ salt_fingerprint() }}

),

ledger as (

    select * from ranked
    where
        age = 1
        and profile_id is not null

),

membership as (

    select
        profile_id,
        segment
    from {{ ref('segment_membership') }}
    where
        is_current
        and segment is not null

),

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

last_written as (

    select coalesce(max(last_issued_on), date '1900-01-01') as issued_on
    from ranked

)

select
    ledger.profile_id as told_profile_id,
    ledger.to_segment,
    membership.profile_id,
    membership.segment
from membership
full outer join ledger on membership.profile_id = ledger.profile_id
cross join as_of
cross join last_written
where
    coalesce(ledger.to_segment, '') <> coalesce(membership.segment, '')
    and as_of.as_of_date >= last_written.issued_on
