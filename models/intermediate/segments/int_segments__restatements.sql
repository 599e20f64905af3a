{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['profile_id', 'period_end'],
    on_schema_change='fail',
    post_hook="
        delete from {{ this }}
        where profile_id in (
            select profile_id from {{ ref('int_segments__touched') }} where facts_hash is null
        )
    ",
) }}

{% set finished = told_by_finished() %}

{# Rows of past periods that say something else than when they were first told, as late data, a merge or a
   cut makes them do. New cuts, code or an older first period alone make no row another, and by other vars
   nothing can be compared: then the rows of everybody are others. #}
with

touched as (

    select
        profile_id,
        profile_number
    from {{ ref('int_segments__touched') }}
    where is_changed

),

periods as (

    select * from {{ ref('int_periods') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

{# All by the same vars and from the same first period on: if one of these changes, all are told anew. #}
told_by as (

    select
        {# A finished build told everybody's, anew or not. #}
        greatest(max(told_on), date '{{ (finished or {}).as_of_date or '1900-01-01' }}') as told_on,
        max(settings_hash) as settings_hash,
        max(first_day) as first_day
    from ({{ told_spans() }}) as told_spans

),

told_starts as (

    {{ period_starts(var('history_grain'), 'first_day', 'told_on') }}
    from told_by

),

{# What a period is called now, and what it was called. #}
told_numbers as (

    select
        calendar.period_number,
        row_number() over (order by told_starts.period_start) as told_number
    from told_starts
    left join {{ ref('int_calendar') }} as calendar on told_starts.period_start = calendar.calendar_day

),

{# Of the period that was not over then nothing had been told for good. #}
told_periods as (

    select
        periods.period_number,
        told_numbers.told_number,
        periods.period_end,
        told_by.settings_hash
    from periods
    cross join told_by
    left join told_numbers on periods.period_number = told_numbers.period_number
    where
        periods.is_full
        and periods.period_end <= told_by.told_on

),

told as (

    select
        told_spans.profile_number,
        told_spans.definition_hash,
        told_spans.segment,
        told_spans.out_of_base_reason,
        told_spans.recency_score,
        told_spans.frequency_score,
        told_spans.monetary_score,
        told_spans.order_count,
        told_spans.net_revenue,
        told_spans.lifetime_order_count,
        told_spans.entered_in,
        told_spans.is_engaged,
        told_spans.last_purchased_on,
        periods.period_end
    from ({{ told_spans(is_among_few('profile_number', 'touched')) }}) as told_spans
    inner join touched on told_spans.profile_number = touched.profile_number
    inner join told_periods as periods
        on
            told_spans.from_period_number <= periods.told_number
            and coalesce(told_spans.until_period_number >= periods.told_number, true)

),

now_known as (

    select
        recomputed.*,
        periods.period_number,
        periods.period_end
    from {{ ref('int_segments__recomputed') }} as recomputed
    inner join touched on recomputed.profile_number = touched.profile_number
    inner join told_periods as periods
        on
            recomputed.settings_hash = periods.settings_hash
            and recomputed.from_period_number <= periods.period_number
            and coalesce(recomputed.until_period_number >= periods.period_number, true)

)

select
    now_known.profile_id,
    now_known.period_end,
    as_of.as_of_date as restated_at
from now_known
cross join as_of
left join told
    on
        now_known.profile_number = told.profile_number
        and now_known.period_end = told.period_end
where
    (
        now_known.segment is not null
        or (now_known.from_period_number = now_known.period_number and now_known.previous_segment is not null)
    )
    and (
        told.profile_number is null
        or now_known.is_engaged <> told.is_engaged
        or now_known.lifetime_order_count is distinct from told.lifetime_order_count
        or now_known.order_count is distinct from told.order_count
        or now_known.net_revenue is distinct from told.net_revenue
        or now_known.last_purchased_on is distinct from told.last_purchased_on
        or now_known.out_of_base_reason is distinct from told.out_of_base_reason
        or (
            now_known.definition_hash = told.definition_hash
            and (
                now_known.segment is distinct from told.segment
                or now_known.entered_in is distinct from told.entered_in
                or now_known.recency_score is distinct from told.recency_score
                or now_known.frequency_score is distinct from told.frequency_score
                or now_known.monetary_score is distinct from told.monetary_score
            )
        )
    )
