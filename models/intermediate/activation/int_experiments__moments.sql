{# What there is to know of the people of an arm to compare it with another: counts, and sums over those whose
   days are over. They are added up as decimals, in which no order of the rows makes a difference. #}
{% set counts = [
    'people', 'held_back_people', 'ratio_people', 'measured_people', 'messaged', 'other_messages', 'visited', 'converted'
] %}
{% set money = ['revenue', 'margin'] %}
{% set sums = ['goal', 'goal_squared', 'before', 'before_squared', 'goal_before'] %}

with

definitions as (

    select * from {{ ref('int_experiments__definitions') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

people as (

    select
        outcomes.group_number,
        outcomes.experiment_id,
        outcomes.campaign_id,
        outcomes.arm,
        outcomes.segment,
        outcomes.stage,
        outcomes.messaged,
        outcomes.other_messages,
        outcomes.visited,
        outcomes.converted,
        outcomes.revenue,
        outcomes.margin,
        outcomes.revenue_before,
        cast(
            case outcomes.goal_metric
                when 'conversion' then outcomes.converted
                when 'margin' then outcomes.margin
                else outcomes.revenue
            end as decimal(18, 2)
        ) as goal,
        outcomes.is_of_this_plan,
        outcomes.is_held_back,
        {# Only once all days of the person are over. #}
        not outcomes.is_held_back
        and {{ days_between('outcomes.assigned_on', 'as_of.as_of_date') }} >= outcomes.goal_days
            as is_measured
    from {{ ref('int_experiments__outcomes') }} as outcomes
    cross join as_of

),

{# By the number of the group: by what it stands for, five texts, a million people take twice as long. #}
summed_by_segment as (

    select
        any_value(experiment_id) as experiment_id,
        any_value(campaign_id) as campaign_id,
        any_value(arm) as arm,
        any_value(stage) as stage,
        any_value(segment) as segment,
        sum(case when is_held_back then 0 else 1 end) as people,
        sum(case when is_held_back then 1 else 0 end) as held_back_people,
        sum(case when is_of_this_plan then 1 else 0 end) as ratio_people,
        sum(case when is_measured then 1 else 0 end) as measured_people,
        {% for name in ['messaged', 'other_messages', 'visited', 'converted', 'revenue', 'margin', 'goal'] %}
        sum(case when is_measured then {{ name }} else 0 end) as {{ name }},
        {% endfor %}
        sum(case when is_measured then goal * goal else 0 end) as goal_squared,
        sum(case when is_measured then revenue_before else 0 end) as before,
        sum(case when is_measured then revenue_before * revenue_before else 0 end) as before_squared,
        sum(case when is_measured then goal * revenue_before else 0 end) as goal_before
    from people
    group by group_number

),

grouped as (

    {% for group_type, group_name in [
        ('all', "'all'"), ('stage', "coalesce(stage, 'outside')"), ('segment', "coalesce(segment, 'outside')")
    ] %}
    select
        '{{ group_type }}' as group_type,
        {{ group_name }} as group_name,
        *
    from summed_by_segment
    {% if not loop.first %}
    {# A campaign is for one segment, or for all. #}
    where campaign_id is null
    {% endif %}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

summed as (

    select
        experiment_id,
        arm,
        group_type,
        group_name,
        {% for name in counts + money + sums %}
        sum({{ name }}) as {{ name }}
        {%- if not loop.last %},{% endif %}
        {% endfor %}
    from grouped
    group by experiment_id, arm, group_type, group_name

),

{# An arm that was planned and has nobody in it says so. #}
planned as (

    select
        experiment_id,
        arm,
        'all' as group_type,
        'all' as group_name
    from definitions
    union
    select
        experiment_id,
        arm,
        group_type,
        group_name
    from summed

)

select
    planned.experiment_id,
    planned.arm,
    planned.group_type,
    planned.group_name,
    {# Each campaign is an experiment of its own, and of many one in twenty looks good by chance. #}
    case
        when definitions.campaign_id is not null and definitions.is_final then 'campaigns'
        else planned.experiment_id || ':' || planned.group_type
    end as p_value_family,
    coalesce(definitions.planned_share, 0) as planned_share,
    {% for name in counts %}
    cast(coalesce(summed.{{ name }}, 0) as bigint) as {{ name }},
    {% endfor %}
    {% for name in money %}
    cast(coalesce(summed.{{ name }}, 0) as decimal(18, 2)) as {{ name }},
    {% endfor %}
    {% for name in sums %}
    cast(coalesce(summed.{{ name }}, 0) as double) as {{ name }},
    {% endfor %}
    coalesce(definitions.is_control, false) as is_control,
    definitions.arm is null as is_mixed
from planned
left join summed
    on
        planned.experiment_id = summed.experiment_id
        and planned.arm = summed.arm
        and planned.group_type = summed.group_type
        and planned.group_name = summed.group_name
left join definitions
    on
        planned.experiment_id = definitions.experiment_id
        and planned.arm = definitions.arm
