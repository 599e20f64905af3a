{{ staged('shop', 'order_lines') }}
{% set orders = others_named(ref('stg_shop__orders'), 'order_id', 'records', 'shop', 'order_lines') %}

with

source as (

    select * from {{ source('shop', 'order_lines') }}
    where {{ is_unread('shop', 'order_lines') }}

),

typed as (

    select

        ---------- ids
        {{ clean_identifier('source.order_line_id') }} as order_line_id,
        {{ clean_identifier('source.order_id') }} as order_id,
        {{ clean_identifier('source.product_id') }} as product_id,

        ---------- numerics
        try_cast(source.quantity as decimal(18, 3)) as quantity,
        try_cast(source.unit_price as decimal(18, 4)) as unit_price,
        try_cast(source.discount_amount as decimal(18, 2)) as discount_amount,
        try_cast(source.unit_cost as decimal(18, 4)) as unit_cost,

        ---------- delivery
        {{ utc_timestamp('source._loaded_at') }} as _loaded_at,
        {{ part_file('source') }},
        {{ whole_row('source') }} as raw_row,
        {{ not_castable('source', {
            'quantity': 'decimal(18,3)',
            'unit_price': 'decimal(18,4)',
            'discount_amount': 'decimal(18,2)',
            'unit_cost': 'decimal(18,4)'
        }) }} as cast_problem

    from source

),

judged as (

    select
        *,
        coalesce(
            {{ missing(['order_line_id']) }},
            cast_problem,
            {{ missing(['order_id', 'quantity', 'unit_price']) }},
            case
                when unit_price < 0 then 'unit_price is negative'
                when unit_cost < 0 then 'unit_cost is negative'
                when discount_amount < 0 then 'discount_amount is negative'
            end
        ) as own_problem
    from typed

),

records as (

    {{ with_known(
        'judged', 'shop', 'order_lines',
        again=[found_since(
            'shop', 'order_lines', 'line without its order', 'order_id', ref('stg_shop__orders')
        )]
    ) }}

),

verdicts as (

    select
        records.*,
        coalesce(
            records.own_problem,
            case when orders.order_id is null then 'line without its order' end
        ) as rejection_reason
    from records
    left join {{ orders }} as orders on records.order_id = orders.order_id

)

{{ as_delivered('verdicts', 'shop', 'order_lines') }}
