{{ staged('finance', 'exchange_rates') }}

with

source as (

    select * from {{ source('finance', 'exchange_rates') }}
    where {{ is_unread('finance', 'exchange_rates') }}

),

typed as (

    select

        ---------- strings
        {{ clean_currency('source.currency') }} as currency,

        ---------- numerics
        try_cast(source.rate_to_reporting as decimal(18, 8)) as rate_to_reporting,

        ---------- dates
        try_cast(source.rate_date as date) as rate_date,

        ---------- delivery
        {{ utc_timestamp('source._loaded_at') }} as _loaded_at,
        {{ part_file('source') }},
        {{ whole_row('source') }} as raw_row,
        {{ not_castable('source', {
            'rate_date': 'date',
            'rate_to_reporting': 'decimal(18,8)'
        }) }} as cast_problem

    from source

),

judged as (

    select
        *,
        coalesce(
            cast_problem,
            {{ missing(['rate_date', 'currency', 'rate_to_reporting']) }},
            {{ implausible_time('rate_date') }},
            case
                when rate_to_reporting <= 0 then 'rate_to_reporting is not above 0'
            end
        ) as own_problem
    from typed

),

records as (

    {{ with_known('judged', 'finance', 'exchange_rates') }}

),

verdicts as (

    select
        *,
        own_problem as rejection_reason
    from records

)

{{ as_delivered('verdicts', 'finance', 'exchange_rates') }}
