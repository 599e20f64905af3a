{{ staged('web', 'events') }}

with

source as (

    select * from {{ source('web', 'events') }}
    where {{ is_unread('web', 'events') }}

),

typed as (

    select

        ---------- ids
        {{ clean_identifier('source.event_id') }} as event_id,
        {{ clean_identifier('source.anonymous_id') }} as anonymous_id,
        {{ clean_identifier('source.customer_id') }} as customer_id,
        {{ clean_identifier('source.product_id') }} as product_id,
        {{ clean_identifier('source.order_id') }} as order_id,

        ---------- strings
        {{ clean_word('source.event_type') }} as event_type,
        {{ clean_email('source.email') }} as email,
        {{ clean_text('source.page_url') }} as page_url,
        {{ clean_text('source.referrer') }} as referrer,
        {{ clean_word('source.utm_source') }} as utm_source,
        {{ clean_word('source.utm_medium') }} as utm_medium,
        {{ clean_text('source.utm_campaign') }} as utm_campaign,

        ---------- numerics
        try_cast(source.value as decimal(18, 2)) as value,

        ---------- booleans
        coalesce(try_cast(source.is_bot as boolean), false) as is_bot,

        ---------- timestamps
        {{ utc_timestamp('source.occurred_at') }} as occurred_at,

        ---------- delivery
        {{ utc_timestamp('source._loaded_at') }} as _loaded_at,
        {{ part_file('source') }},
        {{ whole_row('source') }} as raw_row,
        {{ not_castable('source', {
            'occurred_at': 'timestamp',
            'value': 'decimal(18,2)',
            'is_bot': 'boolean'
        }) }} as cast_problem

    from source

),

judged as (

    select
        *,
        coalesce(
            {{ missing(['event_id']) }},
            cast_problem,
            {{ missing(['event_type', 'occurred_at']) }},
            {{ implausible_time('occurred_at') }},
            case
                when coalesce(anonymous_id, customer_id, email) is null
                    then 'anonymous_id, customer_id and email are missing'
            end
        ) as own_problem
    from typed

),

records as (

    {{ with_known('judged', 'web', 'events') }}

),

verdicts as (

    select
        *,
        own_problem as rejection_reason
    from records

)

{{ as_delivered('verdicts', 'web', 'events') }}
