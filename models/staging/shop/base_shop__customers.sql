{{ staged('shop', 'customers') }}

with

source as (

    select * from {{ source('shop', 'customers') }}
    where {{ is_unread('shop', 'customers') }}

),

typed as (

    select

        ---------- ids
        {{ clean_identifier('source.customer_id') }} as customer_id,

        ---------- strings
        {{ clean_email('source.email') }} as email,
        {{ clean_phone('source.phone') }} as phone,
        {{ clean_text('source.first_name') }} as first_name,
        {{ clean_text('source.last_name') }} as last_name,
        {{ clean_text('source.city') }} as city,
        {{ clean_text('source.postal_code') }} as postal_code,
        upper({{ clean_text('source.country') }}) as country,

        ---------- booleans
        coalesce(try_cast(source.is_test as boolean), false) as is_test,

        ---------- dates
        try_cast(source.birth_date as date) as birth_date,

        ---------- timestamps
        {{ utc_timestamp('source.created_at') }} as created_at,

        ---------- delivery
        {{ utc_timestamp('source._loaded_at') }} as _loaded_at,
        {{ part_file('source') }},
        {{ whole_row('source') }} as raw_row,
        {{ not_castable('source', {
            'created_at': 'timestamp',
            'birth_date': 'date',
            'is_test': 'boolean'
        }) }} as cast_problem

    from source

),

judged as (

    select
        *,
        coalesce(
            {{ missing(['customer_id']) }},
            cast_problem,
            {{ implausible_time('created_at') }}
        ) as own_problem
    from typed

),

records as (

    {{ with_known('judged', 'shop', 'customers') }}

),

verdicts as (

    select
        *,
        own_problem as rejection_reason
    from records

)

{{ as_delivered('verdicts', 'shop', 'customers') }}
