{# What the buyers acquired in a month through a channel bought in each month since, as their purchases stand
   on the as-of date. #}
with

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

bought as (

    select
        acquisition_channel,
        acquired_month,
        month,
        count(*) as active_customers,
        sum(orders) as orders,
        sum(net_revenue) as net_revenue,
        sum(gross_margin) as gross_margin
    from {{ ref('int_value__buyer_months') }}
    group by acquisition_channel, acquired_month, month

),

{# In the month in which they were acquired all of them bought. #}
cohorts as (

    select
        acquisition_channel,
        acquired_month,
        active_customers as customers
    from bought
    where month = acquired_month

),

span as (

    select
        as_of.as_of_date,
        coalesce(min(cohorts.acquired_month), as_of.as_of_date) as first_on
    from as_of
    left join cohorts on true
    group by as_of.as_of_date

),

months as (

    {{ period_starts('month', 'first_on', 'as_of_date') }}
    from span

),

{# A month in which nobody came back is one of the cohort's months, too. #}
cohort_months as (

    select
        cohorts.*,
        months.period_start as month
    from cohorts
    inner join months on cohorts.acquired_month <= months.period_start

)

select

    ---------- strings
    cohort_months.acquisition_channel,

    ---------- numerics
    cast(
        12 * (extract(year from cohort_months.month) - extract(year from cohort_months.acquired_month))
        + extract(month from cohort_months.month) - extract(month from cohort_months.acquired_month)
        as integer
    ) as months_since,
    cast(cohort_months.customers as bigint) as customers,
    cast(coalesce(bought.active_customers, 0) as bigint) as active_customers,
    cast(coalesce(bought.orders, 0) as bigint) as orders,
    cast(coalesce(bought.net_revenue, 0) as decimal(18, 2)) as net_revenue,
    cast(coalesce(bought.gross_margin, 0) as decimal(18, 2)) as gross_margin,

    ---------- booleans
    cast(cohort_months.month + interval '1' month - interval '1' day as date)
    <= as_of.as_of_date as is_complete,

    ---------- dates
    cohort_months.acquired_month,
    cohort_months.month

from cohort_months
cross join as_of
left join bought
    on
        cohort_months.acquisition_channel = bought.acquisition_channel
        and cohort_months.acquired_month = bought.acquired_month
        and cohort_months.month = bought.month
