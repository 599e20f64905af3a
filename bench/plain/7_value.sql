-- CLV by formula at every month's end, and what fits of buy-till-you-die models need of each buyer. Buyers
-- are in the groups of today's first purchase, in all of history: `lifecycle` knows which one was the first
-- then. So only the group of all is compared. Fits and predictions, key figures, cohorts and equity are left
-- out.
create table clv_by_group as
with

first_purchases as (
    select
        profile_id, coalesce(country, 'unknown') as country, min(purchased_on) as acquired_on,
        arg_min(
            if(order_source = 'pos', 'store', coalesce(utm_source, 'direct')), row(ordered_at, order_key)
        ) as acquisition_channel
    from purchases
    inner join people using (profile_id)
    group by all
),

-- What was bought in one of the two windows up to a month's end, as it was known then.
per_buyer as (
    select
        n, period_end, profile_id,
        count(*) filter (purchased_on > period_end - 365) as orders,
        sum(net_revenue) filter (purchased_on > period_end - 365) as net_revenue,
        sum(gross_margin) filter (purchased_on > period_end - 365) as gross_margin,
        bool_or(purchased_on <= period_end - 365) as is_earlier
    from periods
    inner join purchases
        on
            purchased_on > period_end - 730 and seen_on <= period_end
            and period_end < coalesce(next_seen_on, date '9999-01-01')
    group by all
),

per_group as (
    select
        period_end,
        case
            when grouping(acquisition_channel) = 0 then 'acquisition_channel'
            when grouping(acquired_year) = 0 then 'acquisition_year'
            when grouping(country) = 0 then 'country'
            else 'all'
        end as group_type,
        coalesce(acquisition_channel, acquired_year::varchar, country, 'all') as group_name,
        count(*) filter (orders > 0) as buyers,
        sum(orders)::bigint as orders,
        sum(net_revenue) as net_revenue,
        sum(gross_margin) as gross_margin,
        count(*) filter (is_earlier) as earlier_buyers,
        count(*) filter (is_earlier and orders = 0) as churned_buyers,
        min(acquired_on) as first_acquired_on
    from (
        select per_buyer.*, acquisition_channel, country, year(acquired_on) as acquired_year, acquired_on
        from per_buyer
        inner join first_purchases using (profile_id)
    )
    group by
        period_end, grouping sets ((acquisition_channel), (acquired_year), (country), ())
)

select
    *,
    case
        when
            buyers > 0 and period_end - first_acquired_on >= 730 and earlier_buyers >= 30
            and churned_buyers >= 10 and 365 * earlier_buyers / churned_buyers <= 3650
            then
                (
                    gross_margin::double / nullif(buyers, 0)
                    / nullif(churned_buyers / earlier_buyers, 0)
                )::decimal(18, 2)
    end as clv
from per_group;

create table btyd_summaries as
with

days as (
    select profile_id, purchased_on, sum(net_revenue) as net_revenue, sum(gross_margin) as gross_margin
    from purchases
    where next_seen_on is null
    group by all
),

marked as (
    select *, min(purchased_on) over (partition by profile_id) as first_on from days
)

select
    profile_id,
    count(*) - 1 as repeat_days,
    (max(purchased_on) - first_on) / 7 as last_week,
    ((select day from as_of) - first_on) / 7 as age_weeks,
    sum(gross_margin) filter (purchased_on > first_on)::double / nullif(count(*) - 1, 0) as mean_repeat_margin
from marked
group by profile_id, first_on;
