{{ config(
    materialized='incremental',
    incremental_strategy='append',
    full_refresh=false,
    on_schema_change='fail',
    database=state_database(),
    schema=state_schema(),
) }}

{# State: the models that were in force when, those that failed included. A fit is made when there is none of
   this definition up to the day it looks back from, when the last one is due, or when the var asks for it; it is
   never changed. `fit_purchases` and `fit_margins` are Python, `lifecycle/fits.py`: a row in, a row out. #}
{% set purchase_parameters = ['r', 'alpha', 'a', 'b'] %}
{% set margin_parameters = ['p', 'q', 'gamma'] %}

with

counts as (

    select * from {{ ref('int_value__fit_counts') }}
    where reason is null

),

{% if is_incremental() -%}
last_number as (

    select coalesce(max(fit_number), 0) as fit_number
    from {{ this }}

),

kept as (

    select
        counts.sample,
        max(fits.fitted_on) as fitted_on
    from counts
    left join {{ this }} as fits
        on
            counts.sample = fits.sample
            and counts.cut_on >= fits.fitted_on
            and fits.definition = {{ clv_definition() }}
    group by counts.sample

),

due as (

    select
        counts.*,
        last_number.fit_number + 1 as fit_number
    from counts
    inner join kept on counts.sample = kept.sample
    cross join last_number
    where
        kept.fitted_on is null
        or {{ 'true' if var('recalibrate') else 'false' }}
        or {{ days_between('kept.fitted_on', 'counts.cut_on') }} >= {{ var('clv_refit_after_days') }}

),
{%- else -%}
due as (

    select
        counts.*,
        1 as fit_number
    from counts

),
{%- endif %}

{# Buyers with the same history count as one, so many times. #}
patterns as (

    select
        summaries.sample,
        cast(summaries.repeat_days as double) as repeat_days,
        summaries.last_week,
        summaries.age_weeks,
        cast(count(*) as double) as people
    from {{ ref('int_value__summaries') }} as summaries
    inner join due on summaries.sample = due.sample
    group by summaries.sample, summaries.repeat_days, summaries.last_week, summaries.age_weeks

),

pattern_lists as (

    select
        sample,
        array_agg(repeat_days) as repeat_days,
        array_agg(last_week) as last_week,
        array_agg(age_weeks) as age_weeks,
        array_agg(people) as people
    from patterns
    group by sample

),

purchase_fits as (

    select
        sample,
        fit_purchases('{{ var("clv_model") }}', repeat_days, last_week, age_weeks, people) as fit
    from pattern_lists

),

{# A mean that is not above 0 has no likelihood. #}
margin_lists as (

    select
        summaries.sample,
        count(*) as buyers,
        sum(summaries.repeat_days) as repeat_days,
        array_agg(cast(summaries.repeat_days as double)) as repeat_day_list,
        array_agg(summaries.mean_repeat_margin) as margin_list
    from {{ ref('int_value__summaries') }} as summaries
    inner join due on summaries.sample = due.sample
    where summaries.mean_repeat_margin > 0
    group by summaries.sample

),

margin_fits as (

    select
        sample,
        buyers,
        repeat_days,
        fit_margins(repeat_day_list, margin_list) as fit
    from margin_lists

),

parts as (

    select
        due.sample,
        due.fit_number,
        'purchases' as part,
        '{{ var("clv_model") }}' as model,
        {{ field_of('purchase_fits.fit', 'problem') }} as problem,
        {{ field_of('purchase_fits.fit', 'note') }} as note,
        due.buyers,
        due.repeat_days,
        {% for name in purchase_parameters -%}
        {{ field_of('purchase_fits.fit', name) }} as {{ name }},
        {{ field_of('purchase_fits.fit', name ~ '_error') }} as {{ name }}_error,
        {% endfor -%}
        {% for name in margin_parameters -%}
        cast(null as double) as {{ name }},
        cast(null as double) as {{ name }}_error,
        {% endfor -%}
        {{ field_of('purchase_fits.fit', 'log_likelihood') }} as log_likelihood,
        due.cut_on
    from due
    inner join purchase_fits on due.sample = purchase_fits.sample

    union all

    select
        due.sample,
        due.fit_number,
        'margin' as part,
        'gamma_gamma' as model,
        case
            when margin_fits.sample is null then 'no repeat buyer brought a margin'
            else {{ field_of('margin_fits.fit', 'problem') }}
        end as problem,
        {{ field_of('margin_fits.fit', 'note') }} as note,
        coalesce(margin_fits.buyers, 0) as buyers,
        coalesce(margin_fits.repeat_days, 0) as repeat_days,
        {% for name in purchase_parameters -%}
        cast(null as double) as {{ name }},
        cast(null as double) as {{ name }}_error,
        {% endfor -%}
        {% for name in margin_parameters -%}
        {{ field_of('margin_fits.fit', name) }} as {{ name }},
        {{ field_of('margin_fits.fit', name ~ '_error') }} as {{ name }}_error,
        {% endfor -%}
        {{ field_of('margin_fits.fit', 'log_likelihood') }} as log_likelihood,
        due.cut_on
    from due
    left join margin_fits on due.sample = margin_fits.sample

),

starts as (

    select min(first_purchased_on) as first_purchased_on
    from {{ ref('int_value__histories') }}

)

select
    parts.sample,
    parts.part,
    parts.model,
    {{ clv_definition() }} as definition,
    parts.problem,
    parts.note,
    cast(parts.fit_number as bigint) as fit_number,
    cast(parts.buyers as bigint) as buyers,
    cast(parts.repeat_days as bigint) as repeat_days,
    {% for name in purchase_parameters + margin_parameters -%}
    parts.{{ name }},
    parts.{{ name }}_error,
    {% endfor -%}
    parts.log_likelihood,
    parts.problem is null as is_converged,
    starts.first_purchased_on,
    parts.cut_on as fitted_on
from parts
cross join starts
