{# What everybody in a comparison did: in the days after the assignment, and in as many before it. A tool's
   assignment has a time, and what came later on that day counts; one by hash counts from the next day on. #}
with

sample as (

    select * from {{ ref('int_experiments__sample') }}

),

definitions as (

    select * from {{ ref('int_experiments__definitions') }}

),

purchases as (

    select * from {{ ref('orders') }}
    where is_purchase

),

visits as (

    select * from {{ ref('int_profiles__visits') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

people as (

    select
        sample.*,
        definitions.goal_metric,
        definitions.goal_days,
        {{ days_between('sample.assigned_on', 'as_of.as_of_date') }} >= definitions.goal_days as is_complete,
        coalesce(sample.plan_number, -1) = coalesce(definitions.plan_number, -1) as is_of_this_plan
    from sample
    inner join definitions
        on
            sample.experiment_id = definitions.experiment_id
            and sample.arm = definitions.arm
    cross join as_of

),

dated_purchases as (

    select
        people.experiment_id,
        people.profile_id,
        people.goal_days,
        purchases.net_revenue,
        purchases.gross_margin,
        {{ days_between('people.assigned_on', 'purchases.ordered_on') }} as days_after,
        case
            when people.assigned_at is null then purchases.ordered_on > people.assigned_on
            else purchases.ordered_at >= people.assigned_at
        end as is_after
    from people
    inner join purchases on people.profile_id = purchases.profile_id

),

bought as (

    select
        experiment_id,
        profile_id,
        max(case when is_after then 1 else 0 end) as converted,
        sum(case when is_after then net_revenue end) as revenue,
        sum(case when is_after then gross_margin end) as margin,
        sum(case when not is_after then net_revenue end) as revenue_before
    from dated_purchases
    where
        (is_after and days_after <= goal_days)
        or (not is_after and days_after > -goal_days)
    group by experiment_id, profile_id

),

came as (

    select distinct
        people.experiment_id,
        people.profile_id
    from people
    inner join visits
        on
            people.profile_id = visits.profile_id
            and people.assigned_on <= visits.visited_on
    where
        {{ days_between('people.assigned_on', 'visits.visited_on') }} <= people.goal_days
        and case
            when people.assigned_at is null then visits.visited_on > people.assigned_on
            else visits.started_at >= people.assigned_at
        end

),

measured as (

    select
        people.experiment_id,
        people.campaign_id,
        people.profile_id,
        case when people.is_mixed then 'mixed' else people.arm end as arm,
        people.segment,
        people.stage,
        people.goal_metric,
        cast(case when came.profile_id is null then 0 else 1 end as integer) as visited,
        cast(coalesce(bought.converted, 0) as integer) as converted,
        cast(coalesce(bought.revenue, 0) as decimal(18, 2)) as revenue,
        cast(coalesce(bought.margin, 0) as decimal(18, 2)) as margin,
        cast(coalesce(bought.revenue_before, 0) as decimal(18, 2)) as revenue_before,
        people.is_of_this_plan,
        people.is_held_back,
        people.is_complete
    from people
    left join bought
        on
            people.experiment_id = bought.experiment_id
            and people.profile_id = bought.profile_id
    left join came
        on
            people.experiment_id = came.experiment_id
            and people.profile_id = came.profile_id

)

select
    *,
    cast(
        case goal_metric
            when 'conversion' then converted
            when 'margin' then margin
            else revenue
        end as decimal(18, 2)
    ) as goal
from measured
