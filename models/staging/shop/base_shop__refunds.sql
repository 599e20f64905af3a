{{ staged('shop', 'refunds') }}
{% set orders = others_named(ref('stg_shop__orders'), 'order_id', 'records', 'shop', 'refunds') %}

with

source as (

    select * from {{ source('shop', 'refunds') }}
    where {{ is_unread('shop', 'refunds') }}

),

typed as (

    select

        ---------- ids
        {{ clean_identifier('source.refund_id') }} as refund_id,
        {{ clean_identifier('source.order_id') }} as order_id,
        {{ clean_identifier('source.order_line_id') }} as order_line_id,

        ---------- numerics
        try_cast(source.amount as decimal(18, 2)) as amount,
        try_cast(source.quantity as decimal(18, 3)) as quantity,

        ---------- timestamps
        {{ utc_timestamp('source.refunded_at') }} as refunded_at,

        ---------- delivery
        {{ utc_timestamp('source._loaded_at') }} as _loaded_at,
        {{ part_file('source') }},
        {{ whole_row('source') }} as raw_row,
        {{ not_castable('source', {
            'refunded_at': 'timestamp',
            'amount': 'decimal(18,2)',
            'quantity': 'decimal(18,3)'
        }) }} as cast_problem

    from source

),

judged as (

    select
        *,
        coalesce(
            {{ missing(['refund_id']) }},
            cast_problem,
            {{ missing(['order_id', 'refunded_at', 'amount']) }},
            {{ implausible_time('refunded_at') }},
            case
                when amount < 0 then 'amount is negative'
                when quantity < 0 then 'quantity is negative'
            end
        ) as own_problem
    from typed

),

records as (

    {{ with_known(
        'judged', 'shop', 'refunds',
        again=[found_since(
            'shop', 'refunds', 'refund without its order', 'order_id', ref('stg_shop__orders')
        )]
    ) }}

),

verdicts as (

    select
        records.*,
        coalesce(
            records.own_problem,
            case when orders.order_id is null then 'refund without its order' end
        ) as rejection_reason
    from records
    left join {{ orders }} as orders on records.order_id = orders.order_id

)

{{ as_delivered('verdicts', 'shop', 'refunds') }}
