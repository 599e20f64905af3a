{{ config(
    materialized=incremental_or_table(),
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ forget_other_fits() }}",
) }}

{# Purchases to be expected of somebody who is alive. Were he never to leave, their number in t weeks would be
   negative binomial with R = r + x and z = t / (alpha + T + t). The i-th comes if he did not leave after one of the
   i - 1 before it, which has the probability (b')_(i-1) / (a + b')_(i-1), b' = b + chances to leave so far. Summed:

       E = sum over j of P(j) G(j),   P(j) = (R)_j / j! z^j (1 - z)^R,   G(j) = sum over i < j of (b')_i / (a + b')_i

   which is the published form with the Gaussian hypergeometric function, without its pole at a = 1 and the
   differences of large numbers. Terms are positive, and beyond the last one taken less than one in 10^9 is left.
   Factors depend on x, powers of z on T and t: nothing depends on the buyer. What was summed once for the parameters
   of a fit is kept as long as that is in use, and nothing is summed but for buyers whose scores are made anew. #}
{% set reasons = ['identity', 'orders', 'accounts'] %}
with

models as (

    select * from {{ ref('int_value__fits_in_use') }}
    where r is not null

),

patterns as (

    select distinct
        sample,
        repeat_days,
        age_weeks
    from {{ ref('int_value__summaries') }}
    where
        {{ is_touched_at_terms(
            'int_value__fits_in_use', ['sample', 'models_hash'], by=reasons, asked_by='int_value__scores'
        ) }}
    {% if is_carried_on() %}
    except
    select
        sample,
        repeat_days,
        age_weeks
    from {{ this }}
    {% endif %}

),

horizons as (

    {% for days, weight in clv_horizons() -%}
    select
        'current' as sample,
        {{ days }} as horizon_days,
        cast('{{ '%.17g' % weight }}' as double) as clv_weight
    union all
    {% endfor -%}
    select
        'backtest' as sample,
        {{ var('clv_holdout_days') }} as horizon_days,
        cast(0 as double) as clv_weight

),

points as (

    select
        patterns.sample,
        patterns.repeat_days,
        patterns.age_weeks,
        horizons.horizon_days,
        horizons.clv_weight,
        models.r + patterns.repeat_days as shape,
        cast(horizons.horizon_days as double) / 7
        / (models.alpha + patterns.age_weeks + cast(horizons.horizon_days as double) / 7) as z
    from patterns
    inner join models on patterns.sample = models.sample
    inner join horizons on patterns.sample = horizons.sample

),

{# Up to six deviations above the mean, and from there as far as a geometric tail needs. #}
measured as (

    select
        *,
        cast(ceil(
            shape * z / (1 - z) + 6 * sqrt(shape * z) / (1 - z) - 21 / ln(z)
        ) as bigint) as term_count
    from points

),

series as (

    select
        sample,
        repeat_days,
        {{ one_to('max(term_count)') }} as term
    from measured
    group by sample, repeat_days

),

factors as (

    select
        series.sample,
        series.repeat_days,
        series.term,
        ln((models.r + series.repeat_days + series.term - 1) / series.term) as ln_factor,
        case
            when series.term = 1 then 0
            else
                ln(models.b + {{ chances_to_leave('series.repeat_days') }} + series.term - 2)
                - ln(models.a + models.b + {{ chances_to_leave('series.repeat_days') }} + series.term - 2)
        end as ln_stays
    from series
    inner join models on series.sample = models.sample

),

products as (

    select
        sample,
        repeat_days,
        term,
        sum(ln_factor) over (
            partition by sample, repeat_days
            order by term
            rows between unbounded preceding and current row
        ) as ln_weight,
        exp(sum(ln_stays) over (
            partition by sample, repeat_days
            order by term
            rows between unbounded preceding and current row
        )) as stays
    from factors

),

coefficients as (

    select
        sample,
        repeat_days,
        term,
        ln_weight,
        sum(stays) over (
            partition by sample, repeat_days
            order by term
            rows between unbounded preceding and current row
        ) as purchases
    from products

),

terms as (

    select
        sample,
        repeat_days,
        age_weeks,
        horizon_days,
        clv_weight,
        ln(z) as ln_z,
        shape * ln(1 - z) as ln_none,
        {{ one_to('term_count') }} as term
    from measured

),

expected as (

    select
        terms.sample,
        terms.repeat_days,
        terms.age_weeks,
        terms.horizon_days,
        terms.clv_weight,
        sum(
            exp(coefficients.ln_weight + terms.term * terms.ln_z + terms.ln_none) * coefficients.purchases
        ) as purchases
    from terms
    inner join coefficients
        on
            terms.sample = coefficients.sample
            and terms.repeat_days = coefficients.repeat_days
            and terms.term = coefficients.term
    group by terms.sample, terms.repeat_days, terms.age_weeks, terms.horizon_days, terms.clv_weight

)

select
    expected.sample,
    expected.repeat_days,
    expected.age_weeks,
    max(case when expected.sample = 'current' and expected.horizon_days = 30 then expected.purchases end)
        as purchases_30_days,
    max(case when expected.sample = 'current' and expected.horizon_days = 90 then expected.purchases end)
        as purchases_90_days,
    max(case when expected.sample = 'current' and expected.horizon_days = 365 then expected.purchases end)
        as purchases_365_days,
    max(case when expected.sample = 'backtest' then expected.purchases end) as purchases_holdout,
    case
        when expected.sample = 'current' then sum(expected.purchases * expected.clv_weight)
    end as discounted_purchases,
    models.r,
    models.alpha,
    models.a,
    models.b
from expected
inner join models on expected.sample = models.sample
group by
    expected.sample,
    expected.repeat_days,
    expected.age_weeks,
    models.r,
    models.alpha,
    models.a,
    models.b
