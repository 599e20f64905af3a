-- How long do people stay in a segment once they are in it? Kaplan-Meier over full periods: a stay that goes
-- on counts for as long as it has lasted. Stays that began in the first period are left out, for nobody
-- knows when they did. A stay of 1 is over by the next period's end. Segments made by days of silence end
-- when those are over: their curves say as much of the rule as of the people.
with

periods as (

    select
        period_end,
        row_number() over (order by period_end) as period_number,
        count(*) over () as last_period_number
    from {{ ref('lifecycle_distribution') }}
    where is_full
    group by period_end

),

stays as (

    select
        membership.profile_id,
        membership.segment,
        first_periods.period_number as first_period_number,
        max(periods.period_number) as last_stayed,
        max(periods.last_period_number) as last_period_number
    from {{ ref('segment_membership') }} as membership
    inner join periods on membership.period_end = periods.period_end
    inner join periods as first_periods on membership.entered_on = first_periods.period_end
    where
        membership.segment is not null
        and first_periods.period_number > 1
    group by membership.profile_id, membership.segment, first_periods.period_number

),

lasted as (

    select
        segment,
        last_stayed - first_period_number + 1 as periods_stayed,
        last_stayed < last_period_number as is_over
    from stays

),

counted as (

    select
        segment,
        periods_stayed,
        count(*) as stays,
        count(case when is_over then 1 end) as ended
    from lasted
    group by segment, periods_stayed

),

at_risk as (

    select
        segment,
        periods_stayed,
        ended,
        sum(stays) over (partition by segment order by periods_stayed desc) as stays_at_risk,
        sum(stays) over (partition by segment) as stays
    from counted

),

{# The product of what is left at each step, as a sum of logarithms. #}
curve as (

    select
        segment,
        periods_stayed,
        stays,
        min(
            case when ended = stays_at_risk then 0 else 1 end
        ) over (partition by segment order by periods_stayed)
        * exp(
            sum(
                case
                    when ended < stays_at_risk
                        then ln(1 - cast(ended as double) / cast(stays_at_risk as double))
                    else 0
                end
            ) over (partition by segment order by periods_stayed)
        ) as share_left
    from at_risk

),

{# The curve only falls: what is left after n periods is its lowest point up to them. Null: not watched so
   long, or not fallen to a half yet. #}
summed as (

    select
        segment,
        max(stays) as stays,
        {%- for length in [1, 3, 6, 12] %}
        case
            when max(periods_stayed) >= {{ length }} or min(share_left) = 0
                then coalesce(min(case when periods_stayed <= {{ length }} then share_left end), 1)
        end as stay_longer_than_{{ length }},
        {%- endfor %}
        min(case when share_left <= 0.5 then periods_stayed end) as median_stay
    from curve
    group by segment

)

select
    segments.stage,
    summed.segment,
    summed.stays,
    {%- for length in [1, 3, 6, 12] %}
    summed.stay_longer_than_{{ length }},
    {%- endfor %}
    summed.median_stay
from summed
inner join {{ ref('segments') }} as segments on summed.segment = segments.segment
order by segments.segment_order
