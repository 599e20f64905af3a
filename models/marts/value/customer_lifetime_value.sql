with

histories as (

    select * from {{ ref('int_value__histories') }}

),

scores as (

    select * from {{ ref('int_value__scores') }}
    where sample = 'current'

),

models as (

    select * from {{ ref('int_value__fits_in_use') }}
    where sample = 'current'

),

backtest as (

    select * from {{ ref('clv_backtest') }}
    where group_type = 'value_decile'

),

valued as (

    select
        profile_id,
        {{ decimal_of('discounted_margin', 18, 2) }} as predicted_clv
    from {{ ref('int_value__scores') }}
    where
        sample = 'current'
        and discounted_margin is not null

),

ranked as (

    select
        profile_id,
        predicted_clv,
        rank() over (order by predicted_clv desc) as value_rank,
        count(*) over () as buyers
    from valued

),

in_deciles as (

    select
        profile_id,
        predicted_clv,
        {{ decile('value_rank', 'buyers') }} as predicted_value_decile
    from ranked

)

select

    ---------- ids
    histories.profile_id,

    ---------- strings
    '{{ var("clv_model") }}' as model,
    models.reason,

    ---------- numerics
    histories.purchase_days,
    histories.order_count,
    histories.net_revenue,
    histories.gross_margin,
    histories.usual_gap_days,
    scores.probability_alive,
    1 - scores.probability_alive as churn_probability,
    scores.expected_purchases_30_days,
    scores.expected_purchases_90_days,
    scores.expected_purchases_365_days,
    scores.probability_of_purchase_30_days,
    scores.expected_margin_per_purchase_day,
    in_deciles.predicted_clv,
    in_deciles.predicted_value_decile,
    backtest.margin_error as decile_backtest_error,

    ---------- booleans
    models.is_fit_old,

    ---------- dates
    histories.first_purchased_on,
    histories.last_purchased_on,
    models.fitted_on

from histories
cross join models
left join scores on histories.profile_id = scores.profile_id
left join in_deciles on histories.profile_id = in_deciles.profile_id
left join backtest on cast(in_deciles.predicted_value_decile as string) = backtest.group_name
