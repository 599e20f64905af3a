{{ carried_on_in_experiments() }}

{# What everybody in a comparison did: in the days after the assignment, and in as many before it. A tool's
   assignment has a time, and what came later on that day counts; one by hash counts from the next day on. All else
   that is told of the person there is beside it, so that sums need no other large table. #}
{% set is_theirs, is_compared = 'true', 'true' %}
{% set group = [
    'people.experiment_id', 'people.campaign_id', 'people.arm', 'people.stage', 'people.segment'
] %}
{% if is_carried_on() %}
{% set is_theirs = is_among_few('profile_number', 'people') %}
{# No campaign is measured that went out before the compared days, and these only go on. #}
{% set is_compared = 'occurred_on > ' ~ control_opens_on("date '" ~ last_finished().as_of_date ~ "'") %}
{% endif %}
with

people as (

    select
        experiment_id,
        campaign_id,
        profile_id,
        profile_number,
        arm,
        segment,
        stage,
        goal_metric,
        goal_days,
        is_of_this_plan,
        is_held_back,
        assigned_on,
        assigned_at
    from {{ ref('int_experiments__days') }}
    where {{ is_touched_in_experiments('profile_number', 'experiment_id') }}

),

purchases as (

    {{ purchases_of('people', ref('int_purchases'), [
        'profile_id', 'net_revenue', 'gross_margin', 'purchased_on', 'purchased_at'
    ]) }}

),

visits as (

    select
        profile_number,
        visited_on,
        started_at
    from {{ ref('int_profiles__visits') }}
    where {{ is_theirs }}

),

messages as (

    select
        profile_number,
        campaign_id,
        occurred_on
    from {{ ref('int_profiles__messages') }}
    where
        event_type = 'sent'
        and {{ is_theirs }}
        and {{ is_compared }}

),

dated_purchases as (

    select
        people.experiment_id,
        people.profile_id,
        people.goal_days,
        purchases.net_revenue,
        purchases.gross_margin,
        {{ days_between('people.assigned_on', 'purchases.purchased_on') }} as days_after,
        case
            when people.assigned_at is null then purchases.purchased_on > people.assigned_on
            else purchases.purchased_at >= people.assigned_at
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
        people.profile_number
    from people
    inner join visits
        on
            people.profile_number = visits.profile_number
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
        people.profile_number,
        max(case when messages.campaign_id = people.campaign_id then 1 else 0 end) as messaged,
        sum(case when messages.campaign_id = people.campaign_id then 0 else 1 end) as other_messages
    from people
    inner join messages
        on
            people.profile_number = messages.profile_number
            and people.assigned_on < messages.occurred_on
    where
        people.campaign_id is not null
        and {{ days_between('people.assigned_on', 'messages.occurred_on') }} <= people.goal_days
    group by people.experiment_id, people.profile_number

)

select
    people.experiment_id,
    people.campaign_id,
    people.profile_id,
    people.profile_number,
    {{ row_hash(group) }} as group_number,
    people.arm,
    people.segment,
    people.stage,
    people.goal_metric,
    people.goal_days,
    cast(coalesce(got.messaged, 0) as integer) as messaged,
    cast(coalesce(got.other_messages, 0) as integer) as other_messages,
    cast(case when came.profile_number is null then 0 else 1 end as integer) as visited,
    cast(coalesce(bought.converted, 0) as integer) as converted,
    cast(coalesce(bought.revenue, 0) as decimal(18, 2)) as revenue,
    cast(coalesce(bought.margin, 0) as decimal(18, 2)) as margin,
    cast(coalesce(bought.revenue_before, 0) as decimal(18, 2)) as revenue_before,
    people.is_of_this_plan,
    people.is_held_back,
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
        and people.profile_number = came.profile_number
left join got
    on
        people.experiment_id = got.experiment_id
        and people.profile_number = got.profile_number
