{# Every cell of the map in force, so that scoring is a join by equality and the rules can be tested
   without customers: 5 x 5 x 5 scores, with one purchase or more, engaged or not. #}
with

rules as (

    select * from {{ ref('segment_rules') }}
    where map = '{{ var("segment_map") }}'

),

scores as (

    {%- for score in range(1, 6) %}
    select {{ score }} as score
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

answers as (

    select true as answer
    union all
    select false as answer

),

cells as (

    select
        recency.score as recency_score,
        frequency.score as frequency_score,
        monetary.score as monetary_score,
        one_purchase.answer as is_one_purchase,
        engaged.answer as is_engaged
    from scores as recency
    cross join scores as frequency
    cross join scores as monetary
    cross join answers as one_purchase
    cross join answers as engaged

),

fitting as (

    select
        cells.*,
        rules.segment,
        rules.stage,
        rules.priority,
        row_number() over (
            partition by
                cells.recency_score,
                cells.frequency_score,
                cells.monetary_score,
                cells.is_one_purchase,
                cells.is_engaged
            order by rules.priority
        ) as rule_rank
    from cells
    inner join rules
        on
            cells.recency_score between coalesce(rules.r_min, 1) and coalesce(rules.r_max, 5)
            and cells.frequency_score between coalesce(rules.f_min, 1) and coalesce(rules.f_max, 5)
            and cells.monetary_score between coalesce(rules.m_min, 1) and coalesce(rules.m_max, 5)
            and cells.frequency_score + cells.monetary_score
            between coalesce(rules.fm_min, 2) and coalesce(rules.fm_max, 10)
            and cells.is_one_purchase = coalesce(rules.one_purchase, cells.is_one_purchase)
            and cells.is_engaged = coalesce(rules.engaged, cells.is_engaged)

)

select
    recency_score,
    frequency_score,
    monetary_score,
    is_one_purchase,
    is_engaged,
    segment,
    stage,
    priority
from fitting
where rule_rank = 1
