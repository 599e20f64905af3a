{# The history of the people who are touched, as spans of periods in which nothing changes but that time goes
   by: of where somebody stands, only what differs from the period before. What he had bought is joined to what
   is left, for rows that are sorted should be narrow. #}
with

touched as (

    select * from {{ ref('int_segments__touched') }}

),

steps as (

    select * from {{ ref('int_segments__steps') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

{# Each row against the one before; the first of a person begins a span whatever it says. #}
followed as (

    select
        *,
        lag(segment) over earlier as previous_segment,
        lag(period_number) over earlier is null
        or step_number <> lag(step_number) over earlier
        or standing <> lag(standing) over earlier
        or is_engaged <> lag(is_engaged) over earlier
        or coalesce(
            recency_score * 100 + frequency_score * 10 + monetary_score
            <> lag(recency_score * 100 + frequency_score * 10 + monetary_score) over earlier,
            false
        ) as starts_span
    from {{ ref('int_segments__standings') }}
    window earlier as (partition by person_number order by period_number)

),

spans as (

    select
        *,
        lead(period_number) over (
            partition by person_number
            order by period_number
        ) - 1 as until_period_number,
        max(
            case when coalesce(segment <> previous_segment, true) then period_number end
        ) over (
            partition by person_number
            order by period_number
            rows between unbounded preceding and current row
        ) as entered_in,
        {# The same for all who went from segment to segment at the same times. #}
        bit_xor(
            case
                when segment is distinct from previous_segment
                    then {{ row_hash(['segment', 'period_number']) }}
            end
        ) over (partition by person_number) as course_hash
    from followed
    where starts_span

)

select
    touched.profile_id,
    touched.profile_number,
    touched.facts_hash,
    touched.settings_hash,
    touched.definition_hash,
    spans.course_hash,
    spans.segment,
    spans.previous_segment,
    case
        when spans.standing not in ('buyer', 'loyal_visitors', 'visitors') then spans.standing
    end as out_of_base_reason,
    spans.recency_score,
    spans.frequency_score,
    spans.monetary_score,
    steps.order_count,
    steps.net_revenue,
    case when steps.lifetime_order_count > 0 then steps.lifetime_order_count end as lifetime_order_count,
    spans.period_number as from_period_number,
    spans.until_period_number,
    case when spans.segment is not null then spans.entered_in end as entered_in,
    {{ build_number() }} as build_number,
    spans.is_engaged,
    steps.first_purchased_on,
    steps.last_purchased_on,
    touched.first_day,
    as_of.as_of_date as told_on,
    touched.next_turn_on
from spans
inner join touched on spans.person_number = touched.person_number
cross join as_of
left join steps
    on
        spans.person_number = steps.person_number
        and spans.step_number = steps.period_number
