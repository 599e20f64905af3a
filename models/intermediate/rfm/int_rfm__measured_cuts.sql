{# Cut k is the smallest value that at least a given share of the buyers do not exceed. Whole numbers
   only: engines disagree about their own quantiles. #}
{% set shares = {
    'recency': [20, 40, 60, 80],
    'frequency': [none, 25, 50, 75] if var('frequency_cuts') == 'repeat' else [20, 40, 60, 80],
    'monetary': [20, 40, 60, 80],
} %}

with

periods as (

    select * from {{ ref('int_periods') }}
    {%- if var('rfm_yardstick') == 'held' %}
    where is_current
    {%- endif %}

),

buyers as (

    select
        periods.period_end,
        {{ days_between('metrics.last_purchased_on', 'periods.period_end') }} as recency_days,
        metrics.order_count,
        metrics.net_revenue
    from {{ ref('int_rfm__metrics') }} as metrics
    inner join periods
        on
            metrics.period_number <= periods.period_number
            and coalesce(metrics.next_period_number > periods.period_number, true)
    where metrics.last_purchased_on > {{ days_before('periods.period_end', var('buyer_window_days')) }}

),

measured as (

    select
        period_end,
        'recency' as metric,
        cast(-recency_days as decimal(18, 2)) as metric_value
    from buyers

    union all

    select
        period_end,
        'frequency' as metric,
        cast(order_count as decimal(18, 2)) as metric_value
    from buyers
    {%- if var('frequency_cuts') == 'repeat' %}
    where order_count > 1
    {%- endif %}

    union all

    select
        period_end,
        'monetary' as metric,
        net_revenue as metric_value
    from buyers

),

counted as (

    select
        period_end,
        metric,
        metric_value,
        count(*) as buyer_count
    from measured
    group by period_end, metric, metric_value

),

accumulated as (

    select
        period_end,
        metric,
        metric_value,
        sum(buyer_count) over (
            partition by period_end, metric
            order by metric_value
        ) as buyers_so_far,
        sum(buyer_count) over (partition by period_end, metric) as all_buyers
    from counted

),

cuts as (

    {%- for metric, percents in shares.items() %}
    {%- for percent in percents if percent is not none %}
    select
        period_end,
        '{{ metric }}' as metric,
        {{ shares[metric].index(percent) + 1 }} as cut,
        min(metric_value) as threshold
    from accumulated
    where
        metric = '{{ metric }}'
        and buyers_so_far * 100 >= all_buyers * {{ percent }}
    group by period_end

    union all
    {% endfor %}
    {%- endfor %}
    select
        period_end,
        'frequency' as metric,
        1 as cut,
        cast(1 as decimal(18, 2)) as threshold
    from buyers
    where {{ 'true' if var('frequency_cuts') == 'repeat' else 'false' }}
    group by period_end

),

totals as (

    select
        period_end,
        count(*) as buyer_count
    from buyers
    group by period_end

)

select
    cuts.metric,
    cuts.cut,
    cuts.threshold,
    cast(totals.buyer_count as bigint) as buyer_count,
    cuts.period_end
from cuts
inner join totals on cuts.period_end = totals.period_end
