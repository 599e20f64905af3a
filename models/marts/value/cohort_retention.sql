{# Who was acquired in a month, whatever the channel, and what became of them month by month. #}
with

cohort_months as (

    select * from {{ ref('int_value__cohort_months') }}

),

summed as (

    select
        acquired_month,
        month,
        months_since,
        is_complete,
        sum(customers) as customers,
        sum(active_customers) as active_customers,
        sum(orders) as orders,
        sum(net_revenue) as net_revenue,
        sum(gross_margin) as gross_margin
    from cohort_months
    group by acquired_month, month, months_since, is_complete

),

added_up as (

    select
        *,
        sum(gross_margin) over (
            partition by acquired_month
            order by months_since
            rows between unbounded preceding and current row
        ) as cumulative_margin
    from summed

)

select

    ---------- numerics
    months_since,
    cast(customers as bigint) as customers,
    cast(active_customers as bigint) as active_customers,
    {# So far is not the same as in a month: it would look like a drop. #}
    case
        when is_complete then cast(active_customers as double) / cast(customers as double)
    end as retention_rate,
    cast(orders as bigint) as orders,
    cast(net_revenue as decimal(18, 2)) as net_revenue,
    cast(gross_margin as decimal(18, 2)) as gross_margin,
    {{ decimal_of(
        'case when is_complete then cast(cumulative_margin as double) / cast(customers as double) end', 18, 2
    ) }} as cumulative_margin_per_customer,

    ---------- booleans
    is_complete,

    ---------- dates
    acquired_month,
    month

from added_up
