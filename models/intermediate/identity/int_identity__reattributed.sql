{# Records at devices of several people that are told to be another's than in the last finished build, or are
   new there or gone. At a device that is shared no more they are its owner's, unless they name somebody. #}
with

told as (

    select
        device_id,
        source_table,
        record_id,
        old_profile_id
    from {{ ref('int_identity__touched_devices') }}

),

current_records as (

    select * from {{ ref('int_identity__shared_device_records') }}
    where device_id in (select told.device_id from told)

),

compared as (

    select
        coalesce(current_records.source_table, told.source_table) as source_table,
        coalesce(current_records.record_id, told.record_id) as record_id,
        told.old_profile_id,
        current_records.profile_id as new_profile_id,
        coalesce(current_records.device_id, told.device_id) as device_id,
        current_records.happened_at,
        told.record_id is null as is_new,
        case when current_records.record_id is null then told.device_id end as left_device_id
    from told
    full outer join current_records
        on
            told.source_table = current_records.source_table
            and told.record_id = current_records.record_id

)

select
    compared.source_table,
    compared.record_id,
    compared.device_id,
    compared.old_profile_id,
    coalesce(compared.new_profile_id, owners.profile_id) as new_profile_id,
    compared.happened_at
from compared
left join {{ ref('int_identity__identifiers') }} as owners on compared.left_device_id = owners.node_id
where
    compared.record_id <> 'none'
    and (
        compared.is_new
        or compared.left_device_id is not null
        or coalesce(compared.old_profile_id, '') <> coalesce(compared.new_profile_id, '')
    )
