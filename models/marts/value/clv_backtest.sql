{# The models of `clv_holdout_days` ago against what has happened since. #}
with

summaries as (

    select * from {{ ref('int_value__summaries') }}
    where sample = 'backtest'

),

scores as (

    select * from {{ ref('int_value__scores') }}
    where sample = 'backtest'

),

models as (

    select * from {{ ref('int_value__fits_in_use') }}
    where sample = 'backtest'

),

as_of as (

    select * from {{ ref('int_as_of_date') }}

),

{# Cents, so that equal predictions are equal. Without a fit of margins, ten-thousandths of a purchase. #}
predicted as (

    select
        summaries.profile_id,
        summaries.repeat_days,
        summaries.later_days,
        summaries.later_margin,
        scores.expected_purchases_holdout as purchases,
        scores.probability_of_purchase_holdout as probability,
        scores.expected_purchases_holdout * scores.expected_margin_per_purchase_day as margin,
        rank() over (
            order by
                {{ decimal_of(
                    'coalesce('
                    ~ 'scores.expected_purchases_holdout * scores.expected_margin_per_purchase_day, '
                    ~ '100 * scores.expected_purchases_holdout)', 18, 2
                ) }} desc
        ) as value_rank,
        count(*) over () as buyers
    from summaries
    inner join scores on summaries.profile_id = scores.profile_id

),

grouped as (

    select
        'all' as group_type,
        'all' as group_name,
        predicted.*
    from predicted

    union all

    select
        'value_decile' as group_type,
        cast({{ decile('value_rank', 'buyers') }} as string) as group_name,
        predicted.*
    from predicted

    union all

    select
        'repeat_days' as group_type,
        case when repeat_days >= 7 then '7 or more' else cast(repeat_days as string) end as group_name,
        predicted.*
    from predicted

),

measured as (

    select
        group_type,
        group_name,
        count(*) as buyers,
        sum(purchases) as predicted_purchases,
        sum(later_days) as actual_purchases,
        sum(margin) as predicted_margin,
        sum(later_margin) as actual_margin,
        sum(probability) as predicted_active_buyers,
        sum(case when later_days > 0 then 1 else 0 end) as actual_active_buyers,
        sum(abs(purchases - later_days)) / count(*) as mean_absolute_error,
        (count(*) * sum(purchases * later_days) - sum(purchases) * sum(later_days))
        / nullif(
            sqrt(greatest(count(*) * sum(purchases * purchases) - sum(purchases) * sum(purchases), 0))
            * sqrt(
                cast(count(*) * sum(later_days * later_days) - sum(later_days) * sum(later_days) as double)
            ),
            0
        ) as correlation
    from grouped
    group by group_type, group_name

)

{# Where there is nothing to compare, the row of all says why. #}
select

    ---------- strings
    coalesce(measured.group_type, 'all') as group_type,
    coalesce(measured.group_name, 'all') as group_name,
    {% if var('clv_backtest') -%}
    models.reason,
    {%- else -%}
    'clv_backtest is false' as reason,
    {%- endif %}

    ---------- numerics
    cast(coalesce(measured.buyers, 0) as bigint) as buyers,
    measured.predicted_purchases,
    cast(measured.actual_purchases as bigint) as actual_purchases,
    measured.predicted_purchases / nullif(cast(measured.actual_purchases as double), 0) - 1
        as purchases_error,
    {{ decimal_of('measured.predicted_margin', 18, 2) }} as predicted_margin,
    cast(measured.actual_margin as decimal(18, 2)) as actual_margin,
    measured.predicted_margin / nullif(cast(measured.actual_margin as double), 0) - 1 as margin_error,
    measured.predicted_active_buyers,
    cast(measured.actual_active_buyers as bigint) as actual_active_buyers,
    measured.mean_absolute_error,
    measured.correlation,

    ---------- dates
    models.fitted_on,
    models.cut_on,
    as_of.as_of_date as holdout_ends_on

from as_of
left join models on true
left join measured on true
