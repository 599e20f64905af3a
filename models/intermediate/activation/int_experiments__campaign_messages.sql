{# What people got whom a campaign was for, in the days that they are measured over. #}
with

sample as (

    select * from {{ ref('int_experiments__sample') }}
    where
        campaign_id is not null
        and not is_mixed

),

definitions as (

    select * from {{ ref('int_experiments__definitions') }}

),

messages as (

    select * from {{ ref('int_profiles__messages') }}
    where event_type = 'sent'

),

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

people as (

    select
        sample.campaign_id,
        sample.arm,
        sample.profile_id,
        sample.assigned_on,
        definitions.goal_days
    from sample
    inner join definitions
        on
            sample.experiment_id = definitions.experiment_id
            and sample.arm = definitions.arm
    cross join as_of
    where {{ days_between('sample.assigned_on', 'as_of.as_of_date') }} >= definitions.goal_days

),

got as (

    select
        people.campaign_id,
        people.arm,
        people.profile_id,
        max(case when messages.campaign_id = people.campaign_id then 1 else 0 end) as messaged,
        sum(case when messages.campaign_id = people.campaign_id then 0 else 1 end) as other_messages
    from people
    inner join messages
        on
            people.profile_id = messages.profile_id
            and people.assigned_on < messages.occurred_on
    where {{ days_between('people.assigned_on', 'messages.occurred_on') }} <= people.goal_days
    group by people.campaign_id, people.arm, people.profile_id

)

select
    campaign_id,
    arm,
    cast(sum(messaged) as bigint) as messaged_people,
    cast(sum(other_messages) as bigint) as other_messages
from got
group by campaign_id, arm
