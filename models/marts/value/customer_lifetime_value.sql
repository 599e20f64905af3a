{{ config(materialized=view_or_table()) }}

{# Made when it is read: with one value more deciles move, and all rows would be written again. What models
   ask of it is in `int_value__scores`. #}
with

histories as (

    select * from {{ portable(ref('int_value__histories')) }}

),

scores as (

    select * from {{ portable(ref('int_value__scores')) }}
    where sample = 'current'

),

models as (

    select * from {{ portable(ref('int_value__fits_in_use')) }}
    where sample = 'current'

),

backtest as (

    select * from {{ portable(ref('clv_backtest')) }}
    where group_type = 'value_decile'

),

{# Values are ranked and not buyers: all of one value have one rank, 1 more than how many are above. #}
valued as (

    select
        predicted_clv,
        count(*) as buyers
    from {{ portable(ref('int_value__scores')) }}
    where
        sample = 'current'
        and predicted_clv is not null
    group by predicted_clv

),

ranked as (

    select
        predicted_clv,
        1 + sum(buyers) over (order by predicted_clv desc nulls last) - buyers as value_rank,
        sum(buyers) over () as buyers
    from valued

),

in_deciles as (

    select
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
    scores.predicted_clv,
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
left join in_deciles on scores.predicted_clv = in_deciles.predicted_clv
left join backtest on cast(in_deciles.predicted_value_decile as string) = backtest.group_name
