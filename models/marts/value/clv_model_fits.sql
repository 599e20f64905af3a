with

fits as (

    select * from {{ ref('int_value__fits') }}

),

in_use as (

    select * from {{ ref('int_value__fits_in_use') }}

)

select

    ---------- strings
    fits.sample,
    fits.part,
    fits.model,
    {# Without the fingerprint of the salt, which would help to guess it. #}
    split_part(fits.definition, ', data=', 1) as definition,
    fits.problem,
    fits.note,

    ---------- numerics
    fits.fit_number,
    fits.buyers,
    fits.repeat_days,
    fits.r,
    fits.r_error,
    fits.alpha,
    fits.alpha_error,
    fits.a,
    fits.a_error,
    fits.b,
    fits.b_error,
    fits.p,
    fits.p_error,
    fits.q,
    fits.q_error,
    fits.gamma,
    fits.gamma_error,
    fits.log_likelihood,

    ---------- booleans
    fits.is_converged,
    coalesce(
        fits.fit_number = case
            when fits.part = 'purchases' then in_use.purchases_fit_number
            else in_use.margin_fit_number
        end,
        false
    ) as is_current,

    ---------- dates
    fits.first_purchased_on,
    fits.fitted_on

from fits
left join in_use on fits.sample = in_use.sample
