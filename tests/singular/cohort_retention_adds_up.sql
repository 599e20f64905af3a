-- The months of all cohorts hold every purchase of a known person once, each cohort has every month up to the
-- as-of date, and only the last of them can be one that is not over.
with

orders as (

    select
        date_trunc('month', orders.ordered_on) as month,
        count(*) as orders,
        sum(orders.net_revenue) as net_revenue,
        sum(orders.gross_margin) as gross_margin
    from {{ ref('orders') }} as orders
    inner join {{ ref('int_profiles') }} as profiles on orders.profile_id = profiles.profile_id
    where
        orders.is_purchase
        and not profiles.is_test
    group by date_trunc('month', orders.ordered_on)

),

cohorts as (

    select
        month,
        sum(orders) as orders,
        sum(net_revenue) as net_revenue,
        sum(gross_margin) as gross_margin
    from {{ ref('cohort_retention') }}
    group by month

),

last_month as (

    select max(month) as month
    from {{ ref('cohort_retention') }}

),

lengths as (

    select
        acquired_month,
        count(*) as months,
        max(months_since) + 1 as months_expected,
        max(month) as last_month,
        sum(case when months_since = 0 then customers - active_customers else 0 end) as inactive_at_first
    from {{ ref('cohort_retention') }}
    group by acquired_month

)

select
    'a month of the cohorts is not that of the orders' as problem,
    coalesce(orders.month, cohorts.month) as month
from orders
full outer join cohorts on orders.month = cohorts.month
where
    coalesce(orders.orders, 0) <> coalesce(cohorts.orders, 0)
    or coalesce(orders.net_revenue, 0) <> coalesce(cohorts.net_revenue, 0)
    or coalesce(orders.gross_margin, 0) <> coalesce(cohorts.gross_margin, 0)

union all

select
    'a cohort has a gap, ends early, or did not buy at first' as problem,
    lengths.acquired_month as month
from lengths
cross join last_month
where
    lengths.months <> lengths.months_expected
    or lengths.last_month <> last_month.month
    or lengths.inactive_at_first <> 0

union all

select
    'a month that is over is marked as one that is not' as problem,
    cohort_retention.month
from {{ ref('cohort_retention') }} as cohort_retention
cross join last_month
where
    not cohort_retention.is_complete
    and cohort_retention.month < last_month.month
