{# Every person known by the period's end, with one segment or with the reason why there is none. #}
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

engaged_days as (

    select * from {{ ref('int_profiles__engaged_days') }}

),

visits as (

    select * from {{ ref('int_profiles__visits') }}

),

engaged as (

    select distinct
        periods.period_end,
        engaged_days.profile_id
    from engaged_days
    inner join periods
        on
            engaged_days.engaged_on <= periods.period_end
            and engaged_days.engaged_on > {{ days_before('periods.period_end', 90) }}

),

visitors as (

    select distinct
        periods.period_end,
        visits.profile_id
    from visits
    inner join periods
        on
            visits.visited_on <= periods.period_end
            and visits.visited_on
            > {{ days_before('periods.period_end', var('visitor_window_days')) }}

),

known as (

    select
        profiles.profile_id,
        periods.period_end,
        periods.is_current,
        case
            when profiles.is_test then 'test account'
            when metrics.is_in_base then 'buyer'
            when metrics.profile_id is not null then 'last purchase is too long ago'
            when profiles.contact_known_on <= periods.period_end then 'contact'
            when visitors.profile_id is not null then 'visitor'
            else 'no purchase, no address and no recent visit'
        end as standing,
        engaged.profile_id is not null as is_engaged,
        metrics.recency_days,
        metrics.order_count,
        metrics.net_revenue,
        metrics.lifetime_order_count,
        metrics.first_purchased_on,
        metrics.last_purchased_on
    from profiles
    inner join periods
        on coalesce(profiles.first_seen_on, periods.period_end) <= periods.period_end
    left join metrics
        on
            profiles.profile_id = metrics.profile_id
            and periods.period_end = metrics.period_end
    left join visitors
        on
            profiles.profile_id = visitors.profile_id
            and periods.period_end = visitors.period_end
    left join engaged
        on
            profiles.profile_id = engaged.profile_id
            and periods.period_end = engaged.period_end

),

placed as (

    select
        known.profile_id,
        case
            when known.standing = 'buyer' then segment_map.segment
            when known.standing = 'contact' then 'loyal_visitors'
            when known.standing = 'visitor' then 'visitors'
        end as segment,
        case
            when known.standing = 'buyer' then segment_map.stage
            when known.standing in ('contact', 'visitor') then 'acquire'
        end as stage,
        case
            when known.standing not in ('buyer', 'contact', 'visitor') then known.standing
        end as out_of_base_reason,
        scores.recency_score,
        scores.frequency_score,
        scores.monetary_score,
        known.recency_days,
        known.order_count,
        known.net_revenue,
        known.lifetime_order_count,
        known.is_engaged,
        known.is_current,
        known.period_end,
        known.first_purchased_on,
        known.last_purchased_on
    from known
    left join scores
        on
            known.profile_id = scores.profile_id
            and known.period_end = scores.period_end
    left join segment_map
        on
            scores.recency_score = segment_map.recency_score
            and scores.frequency_score = segment_map.frequency_score
            and scores.monetary_score = segment_map.monetary_score
            and (known.lifetime_order_count = 1) = segment_map.is_one_purchase
            and known.is_engaged = segment_map.is_engaged

)

select * from placed
