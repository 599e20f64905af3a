{# A session ends after 30 minutes without an event of the device. Where no device is known, the account or
   the address stands for it. #}
with

events as (

    select
        coalesce(
            'anonymous_id:' || anonymous_id, 'customer_id:' || customer_id, 'email:' || email
        ) as visitor_key,
        *
    from {{ ref('stg_web__events') }}
    where not is_bot

),

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

gaps as (

    select
        events.*,
        case
            when
                {{ seconds_between(
                    "lag(events.occurred_at) over (partition by events.visitor_key "
                    ~ "order by events.occurred_at, events.event_id)",
                    'events.occurred_at'
                ) }} <= 1800
                then 0
            else 1
        end as starts_session
    from events
    inner join as_of on {{ local_date('events.occurred_at') }} <= as_of.as_of_date

),

numbered as (

    select
        gaps.*,
        sum(starts_session) over (
            partition by visitor_key
            order by occurred_at, event_id
            rows between unbounded preceding and current row
        ) as session_number
    from gaps

),

sessions as (

    select
        visitor_key || ':' || cast(session_number as string) as session_id,
        max(anonymous_id) as anonymous_id,
        max(customer_id) as customer_id,
        max(email) as email,
        count(*) as event_count,
        {# A visit that any advertisement or message brought did not come by itself. #}
        max(
            case
                when
                    coalesce(utm_source, utm_medium, utm_campaign) is not null
                    or {{ matches('page_url', "'[?&](gclid|fbclid|msclkid|yclid|utm_[a-z]+)='") }}
                    then 1
                else 0
            end
        ) = 0 as is_unprompted,
        {{ local_date('min(occurred_at)') }} as visited_on,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at
    from numbered
    group by visitor_key, session_number

)

select * from sessions
