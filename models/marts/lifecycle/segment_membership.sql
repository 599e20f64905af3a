{# History is kept as spans; here is a row for each of their periods. Whoever is out of the base has one when
   he leaves it and one at the as-of date. #}
{{ config(materialized=view_or_table()) }}

with

periods as (

    select * from {{ portable(ref('int_periods')) }}

),

segments as (

    select * from {{ portable(ref('segments')) }}

),

restatements as (

    select * from {{ portable(ref('int_segments__restatements')) }}

),

current_period as (

    select max(period_number) as period_number
    from periods

),

{# The as-of date by itself, for it is what is asked for most: nothing of the past is spread for it. #}
present as (

    select
        spans.*,
        true as is_current,
        periods.is_full,
        periods.period_number,
        periods.period_end
    from {{ portable(ref('int_segments__spans')) }} as spans
    inner join periods on periods.is_current
    where spans.until_period_number is null

),

spread as (

    select
        spans.*,
        {{ one_to(
            'coalesce(spans.until_period_number, current_period.period_number - 1) - spans.from_period_number + 1'
        ) }} as place
    from {{ portable(ref('int_segments__spans')) }} as spans
    inner join current_period on spans.from_period_number < current_period.period_number

),

{# Out of the base only the first period is told, and the current one. #}
past as (

    select
        spread.*,
        false as is_current,
        periods.is_full,
        periods.period_number,
        periods.period_end
    from spread
    inner join periods on spread.from_period_number - 1 + spread.place = periods.period_number
    where
        spread.segment is not null
        or (
            spread.from_period_number = periods.period_number
            and spread.previous_segment is not null
        )

),

{% set columns = [
    'profile_id', 'segment', 'previous_segment', 'out_of_base_reason', 'recency_score', 'frequency_score',
    'monetary_score', 'order_count', 'net_revenue', 'lifetime_order_count', 'from_period_number', 'period_number',
    'entered_in', 'is_engaged', 'is_current', 'is_full', 'last_purchased_on', 'period_end',
] %}
told as (

    {% for rows in ['present', 'past'] %}
    select {{ columns | join(', ') }} from {{ rows }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

placed as (

    select
        *,
        case when from_period_number = period_number then previous_segment else segment end as earlier_segment
    from told

)

select

    ---------- ids
    placed.profile_id,

    ---------- strings
    placed.segment,
    segments.stage,
    placed.earlier_segment as previous_segment,
    earlier_segments.stage as previous_stage,
    placed.out_of_base_reason,

    ---------- numerics
    placed.recency_score,
    placed.frequency_score,
    placed.monetary_score,
    cast({{ days_between('placed.last_purchased_on', 'placed.period_end') }} as bigint) as recency_days,
    placed.order_count,
    placed.net_revenue,
    placed.lifetime_order_count,

    ---------- booleans
    placed.is_engaged,
    placed.is_current,
    placed.is_full,

    ---------- dates
    placed.period_end,
    entered_periods.period_end as entered_on,
    restatements.restated_at

from placed
left join segments on placed.segment = segments.segment
left join periods as entered_periods on placed.entered_in = entered_periods.period_number
left join segments as earlier_segments on placed.earlier_segment = earlier_segments.segment
left join restatements
    on
        placed.profile_id = restatements.profile_id
        and placed.period_end = restatements.period_end
