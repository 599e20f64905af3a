{{ staged('privacy', 'erasure_requests') }}

with

source as (

    select * from {{ source('privacy', 'erasure_requests') }}
    where {{ is_unread('privacy', 'erasure_requests') }}

),

typed as (

    select

        ---------- ids
        {{ clean_identifier('source.request_id') }} as request_id,
        {{ clean_identifier('source.customer_id') }} as customer_id,

        ---------- strings
        {{ clean_email('source.email') }} as email,
        {{ clean_phone('source.phone') }} as phone,

        ---------- timestamps
        {{ utc_timestamp('source.requested_at') }} as requested_at,

        ---------- delivery
        {{ utc_timestamp('source._loaded_at') }} as _loaded_at,
        {{ part_file('source') }},
        {{ whole_row('source') }} as raw_row,
        {{ not_castable('source', {
            'requested_at': 'timestamp'
        }) }} as cast_problem

    from source

),

judged as (

    select
        *,
        coalesce(
            {{ missing(['request_id']) }},
            cast_problem,
            {{ missing(['requested_at']) }},
            {{ implausible_time('requested_at') }},
            case
                when coalesce(customer_id, email, phone) is null
                    then 'customer_id, email and phone are missing'
            end
        ) as own_problem
    from typed

),

records as (

    {{ with_known('judged', 'privacy', 'erasure_requests') }}

),

verdicts as (

    select
        *,
        own_problem as rejection_reason
    from records

)

{{ as_delivered('verdicts', 'privacy', 'erasure_requests') }}
