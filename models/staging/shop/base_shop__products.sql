{{ staged('shop', 'products') }}

with

source as (

    select * from {{ source('shop', 'products') }}
    where {{ is_unread('shop', 'products') }}

),

typed as (

    select

        ---------- ids
        {{ clean_identifier('source.product_id') }} as product_id,

        ---------- strings
        {{ clean_text('source.name') }} as name,
        {{ clean_text('source.category') }} as category,
        {{ clean_text('source.brand') }} as brand,

        ---------- numerics
        try_cast(source.price as decimal(18, 4)) as price,
        try_cast(source.unit_cost as decimal(18, 4)) as unit_cost,

        ---------- delivery
        {{ utc_timestamp('source._loaded_at') }} as _loaded_at,
        {{ part_file('source') }},
        {{ whole_row('source') }} as raw_row,
        {{ not_castable('source', {
            'price': 'decimal(18,4)',
            'unit_cost': 'decimal(18,4)'
        }) }} as cast_problem

    from source

),

judged as (

    select
        *,
        coalesce(
            {{ missing(['product_id']) }},
            cast_problem,
            case
                when price < 0 then 'price is negative'
                when unit_cost < 0 then 'unit_cost is negative'
            end
        ) as own_problem
    from typed

),

records as (

    {{ with_known('judged', 'shop', 'products') }}

),

verdicts as (

    select
        *,
        own_problem as rejection_reason
    from records

)

{{ as_delivered('verdicts', 'shop', 'products') }}
