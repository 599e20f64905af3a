{{ staged('pos', 'receipt_lines') }}
{% set receipts = others_named(ref('stg_pos__receipts'), 'receipt_id', 'records', 'pos', 'receipt_lines') %}

with

source as (

    select * from {{ source('pos', 'receipt_lines') }}
    where {{ is_unread('pos', 'receipt_lines') }}

),

typed as (

    select

        ---------- ids
        {{ clean_identifier('source.receipt_line_id') }} as receipt_line_id,
        {{ clean_identifier('source.receipt_id') }} as receipt_id,
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
            {{ missing(['receipt_line_id']) }},
            cast_problem,
            {{ missing(['receipt_id', 'quantity', 'unit_price']) }},
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
        'judged', 'pos', 'receipt_lines',
        again=[found_since(
            'pos', 'receipt_lines', 'line without its receipt', 'receipt_id', ref('stg_pos__receipts')
        )]
    ) }}

),

verdicts as (

    select
        records.*,
        coalesce(
            records.own_problem,
            case when receipts.receipt_id is null then 'line without its receipt' end
        ) as rejection_reason
    from records
    left join {{ receipts }} as receipts on records.receipt_id = receipts.receipt_id

)

{{ as_delivered('verdicts', 'pos', 'receipt_lines') }}
