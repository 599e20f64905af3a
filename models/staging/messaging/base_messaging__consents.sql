{{ staged('messaging', 'consents') }}

with

source as (

    select * from {{ source('messaging', 'consents') }}
    where {{ is_unread('messaging', 'consents') }}

),

typed as (

    select

        ---------- ids
        {{ clean_identifier('source.consent_id') }} as consent_id,
        {{ clean_identifier('source.customer_id') }} as customer_id,

        ---------- strings
        {{ clean_word('source.channel') }} as channel,
        {{ clean_word('source.status') }} as status,
        {{ clean_email('source.email') }} as email,
        {{ clean_phone('source.phone') }} as phone,

        ---------- timestamps
        {{ utc_timestamp('source.changed_at') }} as changed_at,

        ---------- delivery
        {{ utc_timestamp('source._loaded_at') }} as _loaded_at,
        {{ part_file('source') }},
        {{ whole_row('source') }} as raw_row,
        {{ not_castable('source', {
            'changed_at': 'timestamp'
        }) }} as cast_problem

    from source

),

judged as (

    select
        *,
        coalesce(
            {{ missing(['consent_id']) }},
            cast_problem,
            {{ missing(['channel', 'status', 'changed_at']) }},
            {{ implausible_time('changed_at') }},
            case
                when channel not in ('email', 'sms', 'push', 'banner') then 'channel is not known'
                when status not in ('granted', 'withdrawn') then 'status is not known'
                when coalesce(customer_id, email, phone) is null
                    then 'customer_id, email and phone are missing'
            end
        ) as own_problem
    from typed

),

records as (

    {{ with_known('judged', 'messaging', 'consents') }}

),

verdicts as (

    select
        *,
        own_problem as rejection_reason
    from records

)

{{ as_delivered('verdicts', 'messaging', 'consents') }}
