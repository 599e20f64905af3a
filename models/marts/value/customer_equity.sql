{# What the customers acquired in a month through a channel are worth, and what they cost. Advertising that
   brought nobody has its row, too, so that all that was spent is here once. #}
with

cohort_months as (

    select * from {{ ref('int_value__cohort_months') }}

),

first_purchases as (

    select
        profile_id,
        acquisition_channel,
        cast(date_trunc('month', acquired_on) as date) as acquired_month
    from {{ ref('int_value__first_purchases') }}

),

predictions as (

    select
        profile_id,
        predicted_clv
    from {{ ref('int_value__scores') }}
    where sample = 'current'

),

ad_spend as (

    select * from {{ ref('int_value__ad_spend') }}

),

clv as (

    select * from {{ ref('clv_by_group') }}
    where is_current

),

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

spent as (

    select
        channel as acquisition_channel,
        cast(date_trunc('month', spent_on) as date) as acquired_month,
        sum(ad_spend) as ad_spend
    from ad_spend
    group by channel, cast(date_trunc('month', spent_on) as date)

),

predicted as (

    select
        first_purchases.acquisition_channel,
        first_purchases.acquired_month,
        count(*) as customers,
        count(predictions.predicted_clv) as predicted_customers,
        sum(predictions.predicted_clv) as predicted_clv
    from first_purchases
    left join predictions on first_purchases.profile_id = predictions.profile_id
    group by first_purchases.acquisition_channel, first_purchases.acquired_month

),

{# Advertising channels are named as the source of a visit is, which is what a buyer was acquired through. #}
per_channel as (

    select
        coalesce(predicted.acquisition_channel, spent.acquisition_channel) as acquisition_channel,
        coalesce(predicted.acquired_month, spent.acquired_month) as acquired_month,
        coalesce(predicted.customers, 0) as customers,
        coalesce(predicted.predicted_customers, 0) as predicted_customers,
        predicted.predicted_clv,
        coalesce(spent.ad_spend, 0) as ad_spend
    from predicted
    full outer join spent
        on
            predicted.acquisition_channel = spent.acquisition_channel
            and predicted.acquired_month = spent.acquired_month

),

with_totals as (

    select
        acquisition_channel,
        'acquisition_channel' as group_type,
        acquired_month,
        customers,
        predicted_customers,
        predicted_clv,
        ad_spend,
        false as is_total
    from per_channel

    union all

    select
        'all' as acquisition_channel,
        'all' as group_type,
        acquired_month,
        sum(customers) as customers,
        sum(predicted_customers) as predicted_customers,
        sum(predicted_clv) as predicted_clv,
        sum(ad_spend) as ad_spend,
        true as is_total
    from per_channel
    group by acquired_month

),

valued as (

    select
        with_totals.*,
        clv.clv,
        case
            when with_totals.customers = 0 then 'nobody was acquired'
            else clv.reason
        end as reason,
        {# One customer more or less of a handful moves the cost of each by a third and more. #}
        case
            when with_totals.ad_spend = 0 then 'nothing was spent'
            when with_totals.customers = 0 then 'nobody was acquired'
            when with_totals.customers < 10 then 'fewer than 10 customers were acquired'
        end as cac_reason,
        cast(with_totals.ad_spend as double)
        / nullif(cast(with_totals.customers as double), 0) as spend_per_customer
    from with_totals
    left join clv
        on
            with_totals.group_type = clv.group_type
            and with_totals.acquisition_channel = clv.group_name

),

priced as (

    select
        *,
        case when cac_reason is null then spend_per_customer end as cac
    from valued

),

margins as (

    select
        acquisition_channel,
        acquired_month,
        months_since,
        gross_margin,
        false as is_total
    from cohort_months

    union all

    select
        'all' as acquisition_channel,
        acquired_month,
        months_since,
        sum(gross_margin) as gross_margin,
        true as is_total
    from cohort_months
    group by acquired_month, months_since

),

cumulative_margins as (

    select
        *,
        sum(gross_margin) over (
            partition by is_total, acquisition_channel, acquired_month
            order by months_since
            rows between unbounded preceding and current row
        ) as cumulative_margin
    from margins

),

{# Whether the margin of all covers the spend for all is the same question as per head, without rounding. #}
paid_back as (

    select
        priced.is_total,
        priced.acquisition_channel,
        priced.acquired_month,
        min(cumulative_margins.months_since) as payback_month
    from priced
    inner join cumulative_margins
        on
            priced.is_total = cumulative_margins.is_total
            and priced.acquisition_channel = cumulative_margins.acquisition_channel
            and priced.acquired_month = cumulative_margins.acquired_month
    where
        priced.cac_reason is null
        and priced.ad_spend <= cumulative_margins.cumulative_margin
    group by priced.is_total, priced.acquisition_channel, priced.acquired_month

)

select

    ---------- strings
    priced.acquisition_channel,
    priced.reason,
    priced.cac_reason,

    ---------- numerics
    cast(priced.customers as bigint) as customers,
    case when priced.reason is null then priced.clv end as clv,
    cast(
        case when priced.reason is null then priced.clv * priced.customers end as decimal(18, 2)
    ) as customer_equity,
    cast(priced.predicted_customers as bigint) as predicted_customers,
    cast(priced.predicted_clv as decimal(18, 2)) as predicted_clv,
    cast(priced.ad_spend as decimal(18, 2)) as ad_spend,
    {{ decimal_of('priced.cac', 18, 2) }} as cac,
    case when priced.reason is null then cast(priced.clv as double) / priced.cac end as clv_to_cac,
    cast(paid_back.payback_month as integer) as payback_month,

    ---------- booleans
    priced.is_total,
    cast(priced.acquired_month + interval '1' month - interval '1' day as date)
    <= as_of.as_of_date as is_complete,

    ---------- dates
    priced.acquired_month

from priced
cross join as_of
left join paid_back
    on
        priced.is_total = paid_back.is_total
        and priced.acquisition_channel = paid_back.acquisition_channel
        and priced.acquired_month = paid_back.acquired_month
