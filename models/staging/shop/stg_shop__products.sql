with

records as (

    select * from {{ ref('base_shop__products') }}

),

latest as (

    {{ latest_delivery('records', key=['product_id']) }}

)

select

    ---------- ids
    product_id,

    ---------- strings
    name,
    category,
    brand,

    ---------- numerics
    price,
    unit_cost

from latest
