{{ staged('experiments', 'assignments') }}

with

source as (

    select * from {{ source('experiments', 'assignments') }}
    where {{ is_unread('experiments', 'assignments') }}

),

typed as (

    select

        ---------- ids
        {{ clean_identifier('source.experiment_id') }} as experiment_id,
        {{ clean_identifier('source.customer_id') }} as customer_id,
        {{ clean_identifier('source.anonymous_id') }} as anonymous_id,

        ---------- strings
        {{ clean_text('source.arm') }} as arm,
        {{ clean_email('source.email') }} as email,
        {{ clean_phone('source.phone') }} as phone,

        ---------- timestamps
        {{ utc_timestamp('source.assigned_at') }} as assigned_at,

        ---------- delivery
        {{ utc_timestamp('source._loaded_at') }} as _loaded_at,
        {{ part_file('source') }},
        {{ whole_row('source') }} as raw_row,
        {{ not_castable('source', {
            'assigned_at': 'timestamp'
        }) }} as cast_problem

    from source

),

judged as (

    select
        *,
        coalesce(
            cast_problem,
            {{ missing(['experiment_id', 'arm', 'assigned_at']) }},
            {{ implausible_time('assigned_at') }},
            case
                when coalesce(customer_id, email, phone, anonymous_id) is null
                    then 'customer_id, email, phone and anonymous_id are missing'
            end
        ) as own_problem
    from typed

),

records as (

    {{ with_known('judged', 'experiments', 'assignments') }}

),

verdicts as (

    select
        *,
        own_problem as rejection_reason
    from records

)

{{ as_delivered('verdicts', 'experiments', 'assignments') }}
