with

counts as (

    select * from {{ ref('int_segments__counts') }}

),

segments as (

    select * from {{ ref('segments') }}

),

periods as (

    select * from {{ ref('int_periods') }}

),

rescored as (

    select * from {{ ref('int_segments__rescored') }}

),

first_purchase as (

    select min(acquired_on) as first_purchased_on
    from {{ ref('int_value__first_purchases') }}

),

{# All segments in every period: a segment that is empty says so. #}
filled as (

    select
        periods.period_end,
        periods.is_full,
        periods.is_current,
        {%- if var('rfm_window_days') is none %}
        cast(null as boolean) as is_warm_up,
        {%- else %}
        {{ days_between('first_purchase.first_purchased_on', 'periods.period_end') }}
        < {{ var('rfm_window_days') }} as is_warm_up,
        {%- endif %}
        segments.segment,
        segments.stage,
        segments.segment_order,
        cast(coalesce(counts.customers, 0) as bigint) as customers,
        rescored.customers as rescored_customers
    from periods
    cross join segments
    cross join first_purchase
    left join counts
        on
            periods.period_end = counts.period_end
            and segments.segment = counts.segment
    left join rescored
        on
            periods.period_end = rescored.period_end
            and segments.segment = rescored.segment

),

{# An empty segment has no logarithm. For the stability index it counts as half a customer. #}
shared as (

    select
        *,
        cast(customers as double)
        / nullif(cast(sum(customers) over (partition by period_end) as double), 0) as share,
        case
            when sum(rescored_customers) over (partition by period_end) > 0
                then
                    cast(coalesce(rescored_customers, 0) as double)
                    / cast(sum(rescored_customers) over (partition by period_end) as double)
        end as share_by_previous_cuts,
        cast(case when customers = 0 then 0.5 else customers end as double)
        / nullif(cast(sum(customers) over (partition by period_end) as double), 0) as filled_share
    from filled

),

preceded as (

    select
        *,
        lag(share) over (partition by segment order by period_end) as previous_share,
        lag(filled_share) over (partition by segment order by period_end) as previous_filled_share
    from shared

),

{# A period that is not over has had less time to change: it is compared with none. #}
changed as (

    select
        *,
        case when is_full then share - previous_share end as change,
        case
            when not is_full then null
            when share = 0 and previous_share = 0 then 0
            else (filled_share - previous_filled_share) * ln(filled_share / previous_filled_share)
        end as instability
    from preceded

),

measured as (

    select
        *,
        count(change) over earlier as change_count,
        avg(change) over earlier as mean_change,
        stddev_samp(change) over earlier as change_deviation,
        {# In a fixed order, for sums of floats depend on it. #}
        sum(instability) over (
            partition by period_end
            order by segment_order
            rows between unbounded preceding and unbounded following
        ) as stability_index
    from changed
    window earlier as (
        partition by segment
        order by period_end
        rows between 12 preceding and 1 preceding
    )

),

{# Shares are floats: a deviation this small is none. The new change is as uncertain as the mean it is held
   against, hence the root. #}
scored as (

    select
        *,
        change_count >= 6 and change is not null as is_judged,
        case
            when change_count >= 6 and change_deviation >= 1e-9
                then
                    (change - mean_change)
                    / (change_deviation * sqrt(1 + 1 / cast(change_count as double)))
        end as z_score
    from measured

)

select

    ---------- strings
    segment,
    stage,

    ---------- numerics
    cast(segment_order as integer) as segment_order,
    customers,
    share,
    share_by_previous_cuts,
    change,
    z_score,
    stability_index,

    ---------- booleans
    case
        when is_judged
            then
                round(abs(change), 9) >= 0.005
                and coalesce(abs(z_score) > {{ fluctuation_limit('change_count') }}, true)
    end as is_fluctuation,
    is_warm_up,
    is_full,
    is_current,

    ---------- dates
    period_end

from scored
