-- Every buyer is in one group of each type at every period's end, so that the groups of a type add up to all.
with

types as (

    select
        period_end,
        group_type,
        sum(buyers) as buyers,
        sum(orders) as orders,
        sum(net_revenue) as net_revenue,
        sum(gross_margin) as gross_margin,
        sum(earlier_buyers) as earlier_buyers,
        sum(churned_buyers) as churned_buyers
    from {{ ref('clv_by_group') }}
    group by period_end, group_type

),

everybody as (

    select * from types
    where group_type = 'all'

)

select
    types.period_end,
    types.group_type
from types
inner join everybody on types.period_end = everybody.period_end
where
    types.buyers <> everybody.buyers
    or types.orders <> everybody.orders
    or types.net_revenue <> everybody.net_revenue
    or types.gross_margin <> everybody.gross_margin
    or types.earlier_buyers <> everybody.earlier_buyers
    or types.churned_buyers <> everybody.churned_buyers

union all

select
    kpis.period_end,
    'customer_kpis' as group_type
from {{ ref('customer_kpis') }} as kpis
left join everybody on kpis.period_end = everybody.period_end
where kpis.closing_buyers <> coalesce(everybody.buyers, 0)
