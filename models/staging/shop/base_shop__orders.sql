{{ staged('shop', 'orders') }}

with

source as (

    select * from {{ source('shop', 'orders') }}
    where {{ is_unread('shop', 'orders') }}

),

typed as (

    select

        ---------- ids
        {{ clean_identifier('source.order_id') }} as order_id,
        {{ clean_identifier('source.customer_id') }} as customer_id,
        {{ clean_identifier('source.anonymous_id') }} as anonymous_id,
        {{ clean_identifier('source.loyalty_card_id') }} as loyalty_card_id,

        ---------- strings
        {{ clean_email('source.email') }} as email,
        {{ clean_phone('source.phone') }} as phone,
        {{ clean_word('source.status') }} as status,
        {{ clean_word('source.channel') }} as channel,
        {{ clean_currency('source.currency') }} as currency,
        {{ clean_text('source.discount_code') }} as discount_code,
        {{ clean_word('source.utm_source') }} as utm_source,
        {{ clean_word('source.utm_medium') }} as utm_medium,
        {{ clean_text('source.utm_campaign') }} as utm_campaign,

        ---------- numerics
        try_cast(source.total_amount as decimal(18, 2)) as total_amount,
        try_cast(source.discount_amount as decimal(18, 2)) as discount_amount,
        try_cast(source.shipping_amount as decimal(18, 2)) as shipping_amount,
        try_cast(source.tax_amount as decimal(18, 2)) as tax_amount,

        ---------- booleans
        coalesce(try_cast(source.is_test as boolean), false) as is_test,

        ---------- timestamps
        {{ utc_timestamp('source.ordered_at') }} as ordered_at,
        {{ utc_timestamp('source.cancelled_at') }} as cancelled_at,

        ---------- delivery
        {{ utc_timestamp('source._loaded_at') }} as _loaded_at,
        {{ part_file('source') }},
        {{ whole_row('source') }} as raw_row,
        {{ not_castable('source', {
            'ordered_at': 'timestamp',
            'total_amount': 'decimal(18,2)',
            'discount_amount': 'decimal(18,2)',
            'shipping_amount': 'decimal(18,2)',
            'tax_amount': 'decimal(18,2)',
            'cancelled_at': 'timestamp',
            'is_test': 'boolean'
        }) }} as cast_problem

    from source

),

judged as (

    select
        *,
        coalesce(
            {{ missing(['order_id']) }},
            cast_problem,
            {{ missing(['ordered_at', 'total_amount']) }},
            {{ implausible_time('ordered_at') }},
            {{ implausible_time('cancelled_at') }},
            case
                when total_amount < 0 then 'total_amount is negative'
                when discount_amount < 0 then 'discount_amount is negative'
                when shipping_amount < 0 then 'shipping_amount is negative'
                when tax_amount < 0 then 'tax_amount is negative'
            end
        ) as own_problem
    from typed

),

records as (

    {{ with_known(
        'judged', 'shop', 'orders',
        again=[has_another_rate('shop', 'orders', local_date('ordered_at'))]
    ) }}

),

priced as (

    {{ with_exchange_rate('records', local_date('ordered_at')) }}

),

verdicts as (

    select
        *,
        coalesce(
            own_problem,
            case when rate_to_reporting is null then 'currency has no exchange rate' end
        ) as rejection_reason
    from priced

)

{{ as_delivered('verdicts', 'shop', 'orders', more=['rate_to_reporting']) }}
