{{ staged('messaging', 'events') }}

with

source as (

    select * from {{ source('messaging', 'events') }}
    where {{ is_unread('messaging', 'events') }}

),

typed as (

    select

        ---------- ids
        {{ clean_identifier('source.event_id') }} as event_id,
        {{ clean_identifier('source.message_id') }} as message_id,
        {{ clean_identifier('source.campaign_id') }} as campaign_id,
        {{ clean_identifier('source.customer_id') }} as customer_id,

        ---------- strings
        {{ clean_word('source.channel') }} as channel,
        {{ clean_word('source.event_type') }} as event_type,
        {{ clean_text('source.variant') }} as variant,
        {{ clean_email('source.email') }} as email,
        {{ clean_phone('source.phone') }} as phone,
        {{ clean_text('source.link_url') }} as link_url,

        ---------- timestamps
        {{ utc_timestamp('source.occurred_at') }} as occurred_at,

        ---------- delivery
        {{ utc_timestamp('source._loaded_at') }} as _loaded_at,
        {{ part_file('source') }},
        {{ whole_row('source') }} as raw_row,
        {{ not_castable('source', {
            'occurred_at': 'timestamp'
        }) }} as cast_problem

    from source

),

judged as (

    select
        *,
        coalesce(
            {{ missing(['event_id']) }},
            cast_problem,
            {{ missing(['message_id', 'channel', 'event_type', 'occurred_at']) }},
            {{ implausible_time('occurred_at') }},
            case
                when channel not in ('email', 'sms', 'push', 'banner') then 'channel is not known'
                when
                    event_type not in (
                        'sent', 'delivered', 'opened', 'clicked',
                        'bounced', 'complained', 'unsubscribed'
                    )
                    then 'event_type is not known'
                when coalesce(customer_id, email, phone) is null
                    then 'customer_id, email and phone are missing'
            end
        ) as own_problem
    from typed

),

records as (

    {{ with_known('judged', 'messaging', 'events') }}

),

verdicts as (

    select
        *,
        own_problem as rejection_reason
    from records

)

{{ as_delivered('verdicts', 'messaging', 'events') }}
