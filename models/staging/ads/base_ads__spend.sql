{{ staged('ads', 'spend') }}

with

source as (

    select * from {{ source('ads', 'spend') }}
    where {{ is_unread('ads', 'spend') }}

),

typed as (

    select

        ---------- strings
        {{ clean_word('source.channel') }} as channel,
        {{ clean_text('source.campaign') }} as campaign,
        {{ clean_currency('source.currency') }} as currency,

        ---------- numerics
        try_cast(source.cost as decimal(18, 2)) as cost,
        try_cast(source.impressions as bigint) as impressions,
        try_cast(source.clicks as bigint) as clicks,

        ---------- dates
        try_cast(source.spend_date as date) as spend_date,

        ---------- delivery
        {{ utc_timestamp('source._loaded_at') }} as _loaded_at,
        {{ part_file('source') }},
        {{ whole_row('source') }} as raw_row,
        {{ not_castable('source', {
            'spend_date': 'date',
            'cost': 'decimal(18,2)',
            'impressions': 'bigint',
            'clicks': 'bigint'
        }) }} as cast_problem

    from source

),

judged as (

    select
        *,
        coalesce(
            cast_problem,
            {{ missing(['spend_date', 'channel', 'cost']) }},
            {{ implausible_time('spend_date') }},
            case
                when cost < 0 then 'cost is negative'
                when impressions < 0 then 'impressions is negative'
                when clicks < 0 then 'clicks is negative'
            end
        ) as own_problem
    from typed

),

records as (

    {{ with_known('judged', 'ads', 'spend', again=[has_another_rate('ads', 'spend', 'spend_date')]) }}

),

priced as (

    {{ with_exchange_rate('records', 'spend_date') }}

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

{{ as_delivered('verdicts', 'ads', 'spend', more=['rate_to_reporting']) }}
