{{ staged('pos', 'loyalty_members') }}

with

source as (

    select * from {{ source('pos', 'loyalty_members') }}
    where {{ is_unread('pos', 'loyalty_members') }}

),

typed as (

    select

        ---------- ids
        {{ clean_identifier('source.loyalty_card_id') }} as loyalty_card_id,
        {{ clean_identifier('source.customer_id') }} as customer_id,

        ---------- strings
        {{ clean_email('source.email') }} as email,
        {{ clean_phone('source.phone') }} as phone,
        {{ clean_text('source.first_name') }} as first_name,
        {{ clean_text('source.last_name') }} as last_name,

        ---------- timestamps
        {{ utc_timestamp('source.joined_at') }} as joined_at,

        ---------- delivery
        {{ utc_timestamp('source._loaded_at') }} as _loaded_at,
        {{ part_file('source') }},
        {{ whole_row('source') }} as raw_row,
        {{ not_castable('source', {
            'joined_at': 'timestamp'
        }) }} as cast_problem

    from source

),

judged as (

    select
        *,
        coalesce(
            {{ missing(['loyalty_card_id']) }},
            cast_problem,
            {{ missing(['joined_at']) }},
            {{ implausible_time('joined_at') }}
        ) as own_problem
    from typed

),

records as (

    {{ with_known('judged', 'pos', 'loyalty_members') }}

),

verdicts as (

    select
        *,
        own_problem as rejection_reason
    from records

)

{{ as_delivered('verdicts', 'pos', 'loyalty_members') }}
