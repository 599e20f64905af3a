{# A person's last answer of a quarter counts. Answers of people nobody knows count one by one. #}
with

responses as (

    select * from {{ ref('int_survey__responses') }}
    where is_last_of_quarter

),

segments as (

    select * from {{ ref('segments') }}

),

as_of as (

    select
        as_of_date,
        cast(as_of_date + interval '1' day as date) as day_after
    from {{ ref('int_as_of_date') }}

),

{# Few rows first. #}
added_up as (

    select
        responses.quarter_start,
        segments.segment,
        segments.stage,
        count(*) as responses,
        sum(case when responses.score >= 9 then 1 else 0 end) as promoters,
        sum(case when responses.score between 7 and 8 then 1 else 0 end) as passives,
        sum(case when responses.score <= 6 then 1 else 0 end) as detractors
    from responses
    left join segments on responses.segment_before = segments.segment
    group by responses.quarter_start, segments.segment, segments.stage

),

grouped as (

    {% for group_type, group_name in [('all', "'all'"), ('stage', 'stage'), ('segment', 'segment')] %}
    select
        quarter_start,
        '{{ group_type }}' as group_type,
        {{ group_name }} as group_name,
        sum(responses) as responses,
        sum(promoters) as promoters,
        sum(passives) as passives,
        sum(detractors) as detractors
    from added_up
    {% if group_type != 'all' %}
    where {{ group_name }} is not null
    {% endif %}
    group by quarter_start{{ ', ' ~ group_name if group_type != 'all' }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

shared as (

    select
        *,
        cast(promoters as double) / nullif(responses, 0) as promoter_share,
        cast(detractors as double) / nullif(responses, 0) as detractor_share
    from grouped

),

{# Shares and not points; the score of one answer is 1, 0 or -1. #}
measured as (

    select
        *,
        promoter_share - detractor_share as score,
        sqrt(
            greatest(
                0,
                promoter_share + detractor_share
                - (promoter_share - detractor_share) * (promoter_share - detractor_share)
            ) / nullif(responses, 0)
        ) as standard_error
    from shared

)

select

    ---------- strings
    measured.group_type,
    measured.group_name,

    ---------- numerics
    cast(measured.responses as bigint) as responses,
    cast(measured.promoters as bigint) as promoters,
    cast(measured.passives as bigint) as passives,
    cast(measured.detractors as bigint) as detractors,
    100 * measured.score as nps,
    greatest(-100, 100 * (measured.score - 1.959964 * measured.standard_error)) as nps_low,
    least(100, 100 * (measured.score + 1.959964 * measured.standard_error)) as nps_high,

    ---------- booleans
    measured.quarter_start < cast(date_trunc('quarter', as_of.day_after) as date) as is_full,

    ---------- dates
    measured.quarter_start

from measured
cross join as_of
