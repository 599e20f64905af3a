{{ staged('pos', 'receipts') }}

with

source as (

    select * from {{ source('pos', 'receipts') }}
    where {{ is_unread('pos', 'receipts') }}

),

typed as (

    select

        ---------- ids
        {{ clean_identifier('source.receipt_id') }} as receipt_id,
        {{ clean_identifier('source.store_id') }} as store_id,
        {{ clean_identifier('source.loyalty_card_id') }} as loyalty_card_id,
        {{ clean_identifier('source.return_of_receipt_id') }} as return_of_receipt_id,

        ---------- strings
        {{ clean_email('source.email') }} as email,
        {{ clean_phone('source.phone') }} as phone,
        {{ clean_currency('source.currency') }} as currency,

        ---------- numerics
        try_cast(source.total_amount as decimal(18, 2)) as total_amount,
        try_cast(source.discount_amount as decimal(18, 2)) as discount_amount,
        try_cast(source.tax_amount as decimal(18, 2)) as tax_amount,

        ---------- timestamps
        {{ utc_timestamp('source.sold_at') }} as sold_at,

        ---------- delivery
        {{ utc_timestamp('source._loaded_at') }} as _loaded_at,
        {{ part_file('source') }},
        {{ whole_row('source') }} as raw_row,
        {{ not_castable('source', {
            'sold_at': 'timestamp',
            'total_amount': 'decimal(18,2)',
            'discount_amount': 'decimal(18,2)',
            'tax_amount': 'decimal(18,2)'
        }) }} as cast_problem

    from source

),

judged as (

    select
        *,
        coalesce(
            {{ missing(['receipt_id']) }},
            cast_problem,
            {{ missing(['sold_at', 'total_amount']) }},
            {{ implausible_time('sold_at') }},
            case
                when return_of_receipt_id is null and total_amount < 0
                    then 'total_amount is negative'
                when return_of_receipt_id is null and discount_amount < 0
                    then 'discount_amount is negative'
                when return_of_receipt_id is null and tax_amount < 0
                    then 'tax_amount is negative'
            end
        ) as own_problem
    from typed

),

records as (

    {{ with_known(
        'judged', 'pos', 'receipts',
        again=[
            has_another_rate('pos', 'receipts', local_date('sold_at')),
            "select receipt_id from " ~ this ~ " where rejection_reason = 'return of a receipt that is not there'",
        ]
    ) }}

),

priced as (

    {{ with_exchange_rate('records', local_date('sold_at')) }}

),

sales as (

    select receipt_id
    from priced
    where
        own_problem is null
        and rate_to_reporting is not null
        and return_of_receipt_id is null
    {% if reading_plan('pos', 'receipts').mode == 'whole' -%}
    group by receipt_id
    {%- else -%}
    union
    select receipt_id
    from {{ this }}
    where
        rejection_reason is null
        and return_of_receipt_id is null
        and receipt_id in (select return_of_receipt_id from priced)
    {%- endif %}

),

verdicts as (

    select
        priced.*,
        coalesce(
            priced.own_problem,
            case
                when priced.rate_to_reporting is null then 'currency has no exchange rate'
                when priced.return_of_receipt_id is not null and sales.receipt_id is null
                    then 'return of a receipt that is not there'
            end
        ) as rejection_reason
    from priced
    left join sales on priced.return_of_receipt_id = sales.receipt_id

)

{{ as_delivered('verdicts', 'pos', 'receipts', more=['rate_to_reporting']) }}
