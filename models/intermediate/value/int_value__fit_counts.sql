{# What there is to fit, and whether it is enough. #}
with

cuts as (

    select * from {{ ref('int_value__cuts') }}

),

summaries as (

    select * from {{ ref('int_value__summaries') }}

),

counted as (

    select
        cuts.sample,
        cuts.cut_on,
        count(summaries.profile_id) as buyers,
        coalesce(sum(case when summaries.repeat_days > 0 then 1 else 0 end), 0) as repeat_buyers,
        coalesce(sum(summaries.repeat_days), 0) as repeat_days,
        coalesce(max(summaries.repeat_days), 0) as most_repeat_days,
        coalesce(max(summaries.age_weeks), 0) as most_weeks
    from cuts
    left join summaries on cuts.sample = summaries.sample
    group by cuts.sample, cuts.cut_on

)

select
    sample,
    case
        when buyers < 500 then 'fewer than 500 buyers'
        when round(most_weeks * 7) < 180 then 'less than 180 days of history'
        when most_repeat_days < 2 then 'no buyer with 3 purchase days'
    end as reason,
    cast(buyers as bigint) as buyers,
    cast(repeat_buyers as bigint) as repeat_buyers,
    cast(repeat_days as bigint) as repeat_days,
    cut_on
from counted
