{# Who is where at each period's end: everybody in the base with one segment, whoever has just left it with
   the reason, and at the as-of date everybody who is known. #}
with

profiles as (

    select * from {{ ref('int_profiles') }}

),

periods as (

    select * from {{ ref('int_periods') }}

),

metrics as (

    select * from {{ ref('int_rfm__metrics') }}

),

scores as (

    select * from {{ ref('int_rfm__scores') }}

),

segment_map as (

    select * from {{ ref('int_segments__map') }}

),

active_spans as (

    select * from {{ ref('int_profiles__active_spans') }}

),

active as (

    select
        active_spans.profile_id,
        active_spans.activity,
        periods.period_number
    from active_spans
    inner join periods on periods.period_end between active_spans.active_from and active_spans.active_until

),

engaged as (

    select * from active
    where activity = 'engaged'

),

visitors as (

    select * from active
    where activity = 'visitor'

),

recent as (

    select
        profile_id,
        period_number
    from visitors
    union
    select
        profile_id,
        period_number
    from metrics

),

{# People who had bought nothing by then: with an address, a recent visit, not any more or, today, at all. #}
others as (

    select
        profiles.profile_id,
        periods.period_number
    from profiles
    inner join periods
        on
            profiles.contact_known_on <= periods.period_end
            or (
                periods.is_current
                and coalesce(profiles.first_seen_on <= periods.period_end, true)
            )
    union
    select
        profile_id,
        period_number
    from visitors
    union
    select
        recent.profile_id,
        periods.period_number
    from recent
    inner join periods on recent.period_number + 1 = periods.period_number

),

standings as (

    select
        profile_id,
        period_number,
        case when is_in_base then 'buyer' else 'last purchase is too long ago' end as standing
    from metrics

    union all

    select
        others.profile_id,
        others.period_number,
        case
            when profiles.is_test then 'test account'
            when profiles.contact_known_on <= periods.period_end then 'contact'
            when visitors.profile_id is not null then 'visitor'
            else 'no purchase, no address and no recent visit'
        end as standing
    from others
    inner join profiles on others.profile_id = profiles.profile_id
    inner join periods on others.period_number = periods.period_number
    left join visitors
        on
            others.profile_id = visitors.profile_id
            and others.period_number = visitors.period_number
    left join metrics
        on
            others.profile_id = metrics.profile_id
            and others.period_number = metrics.period_number
    where
        metrics.profile_id is null
        and coalesce(profiles.first_seen_on <= periods.period_end, true)

),

placed as (

    select
        standings.profile_id,
        standings.period_number,
        case
            when standings.standing = 'buyer' then segment_map.segment
            when standings.standing = 'contact' then 'loyal_visitors'
            when standings.standing = 'visitor' then 'visitors'
        end as segment,
        case
            when standings.standing = 'buyer' then segment_map.stage
            when standings.standing in ('contact', 'visitor') then 'acquire'
        end as stage,
        case
            when standings.standing not in ('buyer', 'contact', 'visitor') then standings.standing
        end as out_of_base_reason,
        scores.recency_score,
        scores.frequency_score,
        scores.monetary_score,
        metrics.recency_days,
        metrics.order_count,
        metrics.net_revenue,
        metrics.lifetime_order_count,
        engaged.profile_id is not null as is_engaged,
        metrics.first_purchased_on,
        metrics.last_purchased_on
    from standings
    left join metrics
        on
            standings.profile_id = metrics.profile_id
            and standings.period_number = metrics.period_number
    left join engaged
        on
            standings.profile_id = engaged.profile_id
            and standings.period_number = engaged.period_number
    left join scores
        on
            standings.profile_id = scores.profile_id
            and standings.period_number = scores.period_number
    left join segment_map
        on
            scores.recency_score = segment_map.recency_score
            and scores.frequency_score = segment_map.frequency_score
            and scores.monetary_score = segment_map.monetary_score
            and (metrics.lifetime_order_count = 1) = segment_map.is_one_purchase
            and (engaged.profile_id is not null) = segment_map.is_engaged

),

{# Two rows of a person follow each other if their periods do. #}
followed as (

    select
        *,
        case
            when lag(period_number) over (partition by profile_id order by period_number) = period_number - 1
                then lag(segment) over (partition by profile_id order by period_number)
        end as previous_segment,
        case
            when lag(period_number) over (partition by profile_id order by period_number) = period_number - 1
                then lag(stage) over (partition by profile_id order by period_number)
        end as previous_stage
    from placed

),

numbered as (

    select
        *,
        sum(case when segment = previous_segment then 0 else 1 end) over (
            partition by profile_id
            order by period_number
            rows between unbounded preceding and current row
        ) as stay_number
    from followed

)

select
    numbered.profile_id,
    numbered.segment,
    numbered.stage,
    numbered.previous_segment,
    numbered.previous_stage,
    numbered.out_of_base_reason,
    numbered.recency_score,
    numbered.frequency_score,
    numbered.monetary_score,
    numbered.recency_days,
    numbered.order_count,
    numbered.net_revenue,
    numbered.lifetime_order_count,
    numbered.is_engaged,
    periods.is_current,
    periods.is_full,
    periods.period_end,
    case
        when numbered.segment is not null
            then min(periods.period_end) over (partition by numbered.profile_id, numbered.stay_number)
    end as entered_on,
    numbered.first_purchased_on,
    numbered.last_purchased_on
from numbered
inner join periods on numbered.period_number = periods.period_number
where
    numbered.segment is not null
    or numbered.previous_segment is not null
    or periods.is_current
