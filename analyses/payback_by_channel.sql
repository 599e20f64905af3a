-- What does a customer cost per channel, and when is it earned? Months of a handful of customers jump, so
-- all of them are taken together. A channel of which some months are still open is slower than its slowest
-- month.
with

equity as (

    select * from {{ ref('customer_equity') }}
    where
        not is_total
        and is_complete

)

select
    acquisition_channel,
    sum(customers) as customers,
    sum(ad_spend) as ad_spend,
    cast(sum(ad_spend) as double) / nullif(cast(sum(customers) as double), 0) as cac,
    max(clv) as clv,
    cast(max(clv) as double) * cast(sum(customers) as double)
    / nullif(cast(sum(ad_spend) as double), 0) as clv_to_cac,
    sum(predicted_clv) as predicted_clv,
    sum(case when cac_reason is null then 1 else 0 end) as months_with_a_cac,
    sum(case when payback_month is not null then 1 else 0 end) as months_paid_back,
    min(payback_month) as fastest_payback_month,
    max(payback_month) as slowest_payback_month
from equity
group by acquisition_channel
having sum(ad_spend) > 0
order by clv_to_cac desc nulls last, acquisition_channel asc
