{{ config(materialized=view_or_table()) }}

select

    ---------- strings
    currency,

    ---------- numerics
    rate_to_reporting,

    ---------- dates
    rate_date,
    {# A rate serves until the next one, though not for longer than the var says. #}
    least(
        cast(
            rate_date + interval '{{ var("exchange_rate_max_age_days") + 1 }}' day as date
        ),
        lead(rate_date) over (partition by currency order by rate_date)
    ) as valid_until,

    ---------- delivery
    _build_number

from {{ portable(ref('base_finance__exchange_rates')) }}
where is_kept
