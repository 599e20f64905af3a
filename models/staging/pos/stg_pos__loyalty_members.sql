with

records as (

    select * from {{ ref('base_pos__loyalty_members') }}

),

latest as (

    {{ latest_delivery('records', key=['loyalty_card_id']) }}

)

select

    ---------- ids
    loyalty_card_id,
    customer_id,

    ---------- strings
    email,
    phone,
    first_name,
    last_name,

    ---------- timestamps
    joined_at

from latest
