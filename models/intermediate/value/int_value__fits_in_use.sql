{# The last good fit of each part, up to the day that a sample looks back from. One that failed since makes it
   an old one. #}
with

counts as (

    select * from {{ ref('int_value__fit_counts') }}

),

fits as (

    select
        fits.*,
        row_number() over (
            partition by fits.sample, fits.part
            order by fits.fitted_on desc, fits.fit_number desc
        ) as place,
        row_number() over (
            partition by fits.sample, fits.part, fits.is_converged
            order by fits.fitted_on desc, fits.fit_number desc
        ) as place_of_its_kind
    from {{ ref('int_value__fits') }} as fits
    inner join counts on fits.sample = counts.sample
    where
        fits.definition = {{ clv_definition() }}
        and fits.fitted_on <= counts.cut_on
        and counts.reason is null

),

good as (

    select * from fits
    where is_converged and place_of_its_kind = 1

),

failed as (

    select * from fits
    where not is_converged and place = 1

),

joined as (

    select
        counts.sample,
        counts.reason as reason_of_data,
        purchases.fit_number as purchases_fit_number,
        margins.fit_number as margin_fit_number,
        purchases.r,
        purchases.alpha,
        purchases.a,
        purchases.b,
        margins.p,
        margins.q,
        margins.gamma,
        coalesce(failed_purchases.problem, failed_margins.problem) as problem,
        case
            when margins.fitted_on < purchases.fitted_on then margins.fitted_on
            else purchases.fitted_on
        end as fitted_on,
        coalesce(failed_purchases.fitted_on, failed_margins.fitted_on) as failed_on,
        counts.cut_on
    from counts
    left join good as purchases on counts.sample = purchases.sample and purchases.part = 'purchases'
    left join good as margins on counts.sample = margins.sample and margins.part = 'margin'
    left join failed as failed_purchases
        on counts.sample = failed_purchases.sample and failed_purchases.part = 'purchases'
    left join failed as failed_margins
        on counts.sample = failed_margins.sample and failed_margins.part = 'margin'

)

select
    sample,
    case
        when reason_of_data is not null then reason_of_data
        when purchases_fit_number is null then 'no fit of purchases: ' || problem
        when margin_fit_number is null then 'no fit of margins: ' || problem
        when failed_on is not null then 'the fit of ' || cast(failed_on as string) || ' failed: ' || problem
    end as reason,
    purchases_fit_number,
    margin_fit_number,
    r,
    alpha,
    a,
    b,
    p,
    q,
    gamma,
    {{ row_hash(['r', 'alpha', 'a', 'b', 'p', 'q', 'gamma', 'cut_on']) }} as models_hash,
    coalesce(
        purchases_fit_number is not null and margin_fit_number is not null and failed_on is not null, false
    ) as is_fit_old,
    fitted_on,
    cut_on
from joined
