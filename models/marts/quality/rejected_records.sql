with

rejected as (

    select * from {{ ref('int_records__rejected') }}

)

select

    ---------- strings
    source_table,
    record_key,
    reason,
    file_name,
    raw_record,

    ---------- numerics
    cast(amount as decimal(18, 2)) as amount,

    ---------- timestamps
    loaded_at

from rejected
