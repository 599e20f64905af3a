{{ staged('survey', 'nps_responses') }}

with

source as (

    select * from {{ source('survey', 'nps_responses') }}
    where {{ is_unread('survey', 'nps_responses') }}

),

typed as (

    select

        ---------- ids
        {{ clean_identifier('source.response_id') }} as response_id,
        {{ clean_identifier('source.customer_id') }} as customer_id,

        ---------- strings
        {{ clean_email('source.email') }} as email,
        {{ clean_text('source.touchpoint') }} as touchpoint,
        {{ clean_text('source.comment') }} as comment,

        ---------- numerics
        try_cast(source.score as decimal(18, 3)) as score,

        ---------- timestamps
        {{ utc_timestamp('source.responded_at') }} as responded_at,

        ---------- delivery
        {{ utc_timestamp('source._loaded_at') }} as _loaded_at,
        {{ part_file('source') }},
        {{ whole_row('source') }} as raw_row,
        {{ not_castable('source', {
            'responded_at': 'timestamp',
            'score': 'decimal(18,3)'
        }) }} as cast_problem

    from source

),

judged as (

    select
        *,
        coalesce(
            {{ missing(['response_id']) }},
            cast_problem,
            {{ missing(['responded_at', 'score']) }},
            {{ implausible_time('responded_at') }},
            case
                when score not between 0 and 10 then 'score is not between 0 and 10'
                when score <> floor(score) then 'score is no whole number'
            end
        ) as own_problem
    from typed

),

records as (

    {{ with_known('judged', 'survey', 'nps_responses') }}

),

verdicts as (

    select
        *,
        own_problem as rejection_reason
    from records

)

{{ as_delivered('verdicts', 'survey', 'nps_responses') }}
