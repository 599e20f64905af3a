{# CLV = average order value x purchase frequency x gross margin x (1 / churn), all per window, as the
   source articles have it. Churn compares the window with the one before it. #}
{% set window_days = var('value_window_days') %}
{% set measures = [
    'buyers', 'orders', 'net_revenue', 'gross_margin', 'earlier_buyers', 'churned_buyers'
] %}

with

steps as (

    select
        acquisition_channel,
        country,
        acquisition_year,
        period_number,
        next_period_number,
        acquired_on,
        case when value_orders > 0 then 1 else 0 end as buyers,
        value_orders as orders,
        net_revenue,
        gross_margin,
        case when earlier_orders > 0 then 1 else 0 end as earlier_buyers,
        case when earlier_orders > 0 and value_orders = 0 then 1 else 0 end as churned_buyers
    from {{ ref('int_value__buyer_steps') }}
    {# All that this one had has been undone. #}
    where acquired_on is not null

),

{# One row per combination of groups and stretch of periods first, of which there are few. #}
steps_together as (

    select
        {% for measure in measures %}
        sum({{ measure }}) as {{ measure }},
        {% endfor %}
        acquisition_channel,
        country,
        acquisition_year,
        period_number,
        next_period_number,
        min(acquired_on) as first_acquired_on
    from steps
    group by acquisition_channel, country, acquisition_year, period_number, next_period_number

),

periods as (

    select * from {{ ref('int_periods') }}

),

{# Buyers bring what they have at a step into their groups, and take it out again at the next. #}
changes as (

    select
        {% for measure in measures %}
        {{ measure }},
        {% endfor %}
        acquisition_channel,
        country,
        acquisition_year,
        period_number,
        first_acquired_on
    from steps_together

    union all

    select
        {% for measure in measures %}
        -{{ measure }} as {{ measure }},
        {% endfor %}
        acquisition_channel,
        country,
        acquisition_year,
        next_period_number as period_number,
        cast(null as date) as first_acquired_on
    from steps_together
    where next_period_number is not null

),

grouped_changes as (

    {% for group_type, group_name in {
        'all': "'all'",
        'acquisition_channel': 'acquisition_channel',
        'acquisition_year': 'cast(acquisition_year as string)',
        'country': 'country',
    }.items() %}
    select
        '{{ group_type }}' as group_type,
        {{ group_name }} as group_name,
        {% for measure in measures %}
        {{ measure }},
        {% endfor %}
        period_number,
        first_acquired_on
    from changes
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}

),

changes_per_group as (

    select
        {% for measure in measures %}
        sum({{ measure }}) as {{ measure }},
        {% endfor %}
        group_type,
        group_name,
        period_number,
        min(first_acquired_on) as first_acquired_on
    from grouped_changes
    group by group_type, group_name, period_number

),

known_groups as (

    select
        group_type,
        group_name,
        min(period_number) as first_period_number
    from changes_per_group
    group by group_type, group_name

),

{# What a group has at a period's end is all that ever came into it less all that went. #}
summed as (

    select
        {% for measure in measures %}
        sum(coalesce(changes_per_group.{{ measure }}, 0)) over group_history
            as {{ measure }},
        {% endfor %}
        known_groups.group_type,
        known_groups.group_name,
        periods.is_current,
        periods.period_end,
        min(changes_per_group.first_acquired_on) over group_history as first_acquired_on
    from known_groups
    inner join periods on known_groups.first_period_number <= periods.period_number
    left join changes_per_group
        on
            known_groups.group_type = changes_per_group.group_type
            and known_groups.group_name = changes_per_group.group_name
            and periods.period_number = changes_per_group.period_number
    window group_history as (
        partition by known_groups.group_type, known_groups.group_name
        order by periods.period_number
        rows between unbounded preceding and current row
    )

),

factors as (

    select
        *,
        cast(net_revenue as double) / nullif(cast(orders as double), 0) as average_order_value,
        cast(orders as double) / nullif(cast(buyers as double), 0) as purchase_frequency,
        cast(gross_margin as double) / nullif(cast(net_revenue as double), 0) as margin_rate,
        cast(churned_buyers as double) / nullif(cast(earlier_buyers as double), 0) as churn_rate
    from summed

),

{# 1 / churn windows is how long a buyer is expected to stay. A churn that rests on a handful of people, or
   says that they outlive all that is known of them by far, makes any amount of money of the same sales. #}
judged as (

    select
        *,
        case
            when buyers = 0 then 'nobody bought in the window'
            when {{ days_between('first_acquired_on', 'period_end') }} < {{ 2 * window_days }}
                then 'first order less than two windows ago'
            when earlier_buyers < 30 then 'fewer than 30 buyers in the earlier window'
            when churned_buyers = 0 then 'no churn'
            when churned_buyers < 10 then 'fewer than 10 buyers churned'
            when {{ window_days }} / churn_rate > {{ 10 * 365 }} then 'expected lifetime beyond ten years'
            when net_revenue <= 0 then 'no revenue in the window'
        end as reason
    from factors

)

select

    ---------- strings
    group_type,
    group_name,
    reason,

    ---------- numerics
    cast(buyers as bigint) as buyers,
    cast(orders as bigint) as orders,
    cast(net_revenue as decimal(18, 2)) as net_revenue,
    cast(gross_margin as decimal(18, 2)) as gross_margin,
    cast(earlier_buyers as bigint) as earlier_buyers,
    cast(churned_buyers as bigint) as churned_buyers,
    average_order_value,
    purchase_frequency,
    margin_rate,
    churn_rate,
    {{ decimal_of(
        'case when reason is null then average_order_value * purchase_frequency * margin_rate / churn_rate end', 18, 2
    ) }} as clv,

    ---------- booleans
    is_current,

    ---------- dates
    period_end

from judged
