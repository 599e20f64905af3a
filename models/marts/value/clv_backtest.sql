{# The models of `clv_holdout_days` ago against what has happened since. #}
with

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
        repeat_days,
        later_days,
        later_margin,
        expected_purchases_holdout as purchases,
        probability_of_purchase_holdout as probability,
        expected_purchases_holdout * expected_margin_per_purchase_day as margin,
        rank() over (
            order by
                {{ decimal_of(
                    'coalesce('
                    ~ 'expected_purchases_holdout * expected_margin_per_purchase_day, '
                    ~ '100 * expected_purchases_holdout)', 18, 2
                ) }} desc
        ) as value_rank,
        count(*) over () as buyers
    from scores

),

{# Buyers are added up once, and few rows by each kind of group. #}
summed as (

    select
        {{ decile('value_rank', 'buyers') }} as value_decile,
        least(repeat_days, 7) as repeat_days,
        count(*) as buyers,
        sum(purchases) as predicted_purchases,
        sum(later_days) as actual_purchases,
        sum(margin) as predicted_margin,
        sum(later_margin) as actual_margin,
        sum(probability) as predicted_active_buyers,
        sum(case when later_days > 0 then 1 else 0 end) as actual_active_buyers,
        sum(abs(purchases - later_days)) as absolute_errors,
        sum(purchases * purchases) as squared_predictions,
        sum(purchases * later_days) as products,
        sum(later_days * later_days) as squared_actuals
    from predicted
    group by {{ decile('value_rank', 'buyers') }}, least(repeat_days, 7)

),

grouped as (

    select
        'all' as group_type,
        'all' as group_name,
        summed.*
    from summed

    union all

    select
        'value_decile' as group_type,
        cast(value_decile as string) as group_name,
        summed.*
    from summed

    union all

    select
        'repeat_days' as group_type,
        case when repeat_days = 7 then '7 or more' else cast(repeat_days as string) end as group_name,
        summed.*
    from summed

),

{% set sums = [
    'buyers', 'predicted_purchases', 'actual_purchases', 'predicted_margin', 'actual_margin', 'predicted_active_buyers',
    'actual_active_buyers', 'absolute_errors', 'squared_predictions', 'products', 'squared_actuals',
] %}
added_up as (

    select
        {% for name in sums %}
        sum({{ name }}) as {{ name }},
        {% endfor %}
        group_type,
        group_name
    from grouped
    group by group_type, group_name

),

measured as (

    select
        *,
        absolute_errors / buyers as mean_absolute_error,
        (buyers * products - predicted_purchases * actual_purchases)
        / nullif(
            sqrt(greatest(buyers * squared_predictions - predicted_purchases * predicted_purchases, 0))
            * sqrt(cast(buyers * squared_actuals - actual_purchases * actual_purchases as double)),
            0
        ) as correlation
    from added_up

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
