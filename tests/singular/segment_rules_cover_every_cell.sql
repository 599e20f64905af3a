-- A buyer whose scores no rule fits would drop out of the lifecycle without a word. Every map must have a
-- rule for each of the 125 cells, with one purchase or more, engaged or not.
with

cells as (

    select
        recency_score,
        frequency_score,
        monetary_score,
        is_one_purchase,
        is_engaged
    from {{ ref('int_segments__map') }}

),

maps as (

    select distinct map from {{ ref('segment_rules') }}

),

fitting as (

    select
        maps.map,
        cells.recency_score,
        cells.frequency_score,
        cells.monetary_score,
        cells.is_one_purchase,
        cells.is_engaged,
        count(rules.priority) as rule_count
    from cells
    cross join maps
    left join {{ ref('segment_rules') }} as rules
        on
            maps.map = rules.map
            and cells.recency_score between coalesce(rules.r_min, 1) and coalesce(rules.r_max, 5)
            and cells.frequency_score between coalesce(rules.f_min, 1) and coalesce(rules.f_max, 5)
            and cells.monetary_score between coalesce(rules.m_min, 1) and coalesce(rules.m_max, 5)
            and cells.frequency_score + cells.monetary_score
            between coalesce(rules.fm_min, 2) and coalesce(rules.fm_max, 10)
            and cells.is_one_purchase = coalesce(rules.one_purchase, cells.is_one_purchase)
            and cells.is_engaged = coalesce(rules.engaged, cells.is_engaged)
    group by
        maps.map,
        cells.recency_score,
        cells.frequency_score,
        cells.monetary_score,
        cells.is_one_purchase,
        cells.is_engaged

)

select * from fitting
where rule_count = 0
