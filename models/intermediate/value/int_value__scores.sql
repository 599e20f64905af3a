{% set terms, terms_of = 'int_value__fits_in_use', ['sample', 'models_hash'] %}
{% set reasons = ['identity', 'orders', 'accounts'] %}
{{ carried_on_at_terms(terms, terms_of, by=reasons) }}

{# What the models say of each buyer. Whether he is alive depends on how long he has been silent for one who
   buys as often; what a purchase brings is drawn towards the mean of all, the more the fewer he made. #}
with

summaries as (

    select * from {{ ref('int_value__summaries') }}
    where {{ is_touched_at_terms(terms, terms_of, by=reasons) }}

),

models as (

    select * from {{ ref('int_value__fits_in_use') }}
    where r is not null

),

expected as (

    select * from {{ ref('int_value__expected_purchases') }}

),

fitted as (

    select
        summaries.sample,
        summaries.profile_id,
        summaries.repeat_days,
        summaries.age_weeks,
        summaries.later_days,
        summaries.later_margin,
        models.r + summaries.repeat_days as shape,
        models.alpha + summaries.age_weeks as rate,
        (models.r + summaries.repeat_days)
        * ln((models.alpha + summaries.age_weeks) / (models.alpha + summaries.last_week)) as ln_silence,
        {{ chances_to_leave('summaries.repeat_days') }} as chances,
        models.a,
        models.b,
        models.models_hash,
        {# Without repeats this is the mean of the population; more went back than was bought: 0. #}
        case
            when summaries.repeat_days = 0 then models.p * models.gamma / (models.q - 1)
            else
                models.p * (
                    models.gamma + summaries.repeat_days * greatest(summaries.mean_repeat_margin, 0)
                ) / (models.p * summaries.repeat_days + models.q - 1)
        end as margin_per_purchase_day
    from summaries
    inner join models on summaries.sample = models.sample

),

{# Beyond e^700 somebody is gone for sure, and a float is at its end. #}
judged as (

    select
        *,
        case
            when chances = 0 then cast(1 as double)
            else 1 / (1 + a / (b + chances - 1) * exp(least(ln_silence, 700)))
        end as probability_alive,
        1 - exp(-shape * ln(1 + cast(30 as double) / 7 / rate)) as buys_in_30_days,
        1 - exp(-shape * ln(1 + cast({{ var('clv_holdout_days') }} as double) / 7 / rate)) as buys_in_holdout
    from fitted

)

select
    judged.sample,
    judged.profile_id,
    judged.repeat_days,
    judged.probability_alive,
    judged.probability_alive * expected.purchases_30_days as expected_purchases_30_days,
    judged.probability_alive * expected.purchases_90_days as expected_purchases_90_days,
    judged.probability_alive * expected.purchases_365_days as expected_purchases_365_days,
    judged.probability_alive * expected.purchases_holdout as expected_purchases_holdout,
    {# Nobody leaves between purchases: who is alive and has not left buys as in a Poisson process. #}
    case when judged.sample = 'current' then judged.probability_alive * judged.buys_in_30_days end
        as probability_of_purchase_30_days,
    case when judged.sample = 'backtest' then judged.probability_alive * judged.buys_in_holdout end
        as probability_of_purchase_holdout,
    judged.margin_per_purchase_day as expected_margin_per_purchase_day,
    {% set discounted_margin -%}
    judged.probability_alive * expected.discounted_purchases * judged.margin_per_purchase_day
    {%- endset %}
    {{ discounted_margin }} as discounted_margin,
    {{ decimal_of(discounted_margin, 18, 2) }} as predicted_clv,
    judged.later_days,
    judged.later_margin,
    judged.models_hash
from judged
inner join expected
    on
        judged.sample = expected.sample
        and judged.repeat_days = expected.repeat_days
        and judged.age_weeks = expected.age_weeks
