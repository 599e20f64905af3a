with

records as (

    select * from {{ ref('base_pos__receipts') }}

),

latest as (

    {{ latest_delivery('records', key=['receipt_id']) }}

)

select

    ---------- ids
    receipt_id,
    store_id,
    loyalty_card_id,
    return_of_receipt_id,

    ---------- strings
    email,
    phone,
    currency,

    ---------- numerics
    total_amount,
    discount_amount,
    tax_amount,
    cast(rate_to_reporting as decimal(18, 8)) as rate_to_reporting,

    ---------- timestamps
    sold_at

from latest
