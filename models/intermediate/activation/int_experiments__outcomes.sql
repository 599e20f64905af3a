-- depends_on: {{ ref('int_profiles__touched') }}
{{ carried_on('profile_id') }}
{{ config(pre_hook='{{ forget_other_days() }}') }}

{# What everybody in a comparison did: in the days after the assignment, and in as many before it. A tool's
   assignment has a time, and what came later on that day counts; one by hash counts from the next day on. #}
with

purchases as (

    select * from {{ ref('orders') }}
    where is_purchase

),

visits as (

    select * from {{ ref('int_profiles__visits') }}

),

messages as (

    select * from {{ ref('int_profiles__messages') }}
    where event_type = 'sent'

),

{# Whose row is not there, or not any more. #}
people as (

    select
        days.experiment_id,
        days.campaign_id,
        days.profile_id,
        days.goal_days,
        days.assigned_on,
        days.assigned_at
    from {{ ref('int_experiments__days') }} as days
    {%- if is_carried_on() %}
    left join {{ this }} as kept
        on
            days.experiment_id = kept.experiment_id
            and days.profile_id = kept.profile_id
    where kept.profile_id is null
    {%- endif %}

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

got as (

    select
        people.experiment_id,
        people.profile_id,
        max(case when messages.campaign_id = people.campaign_id then 1 else 0 end) as messaged,
        sum(case when messages.campaign_id = people.campaign_id then 0 else 1 end) as other_messages
    from people
    inner join messages
        on
            people.profile_id = messages.profile_id
            and people.assigned_on < messages.occurred_on
    where
        people.campaign_id is not null
        and {{ days_between('people.assigned_on', 'messages.occurred_on') }} <= people.goal_days
    group by people.experiment_id, people.profile_id

)

select
    people.experiment_id,
    people.profile_id,
    people.goal_days,
    cast(coalesce(got.messaged, 0) as integer) as messaged,
    cast(coalesce(got.other_messages, 0) as integer) as other_messages,
    cast(case when came.profile_id is null then 0 else 1 end as integer) as visited,
    cast(coalesce(bought.converted, 0) as integer) as converted,
    cast(coalesce(bought.revenue, 0) as decimal(18, 2)) as revenue,
    cast(coalesce(bought.margin, 0) as decimal(18, 2)) as margin,
    cast(coalesce(bought.revenue_before, 0) as decimal(18, 2)) as revenue_before,
    people.assigned_on,
    people.assigned_at
from people
left join bought
    on
        people.experiment_id = bought.experiment_id
        and people.profile_id = bought.profile_id
left join came
    on
        people.experiment_id = came.experiment_id
        and people.profile_id = came.profile_id
left join got
    on
        people.experiment_id = got.experiment_id
        and people.profile_id = got.profile_id
