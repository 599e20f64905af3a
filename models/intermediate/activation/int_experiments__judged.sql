{# Below these, a difference says more about single people than about the arm, and an interval that holds at
   all times does not hold yet. #}
{% set fewest_people = 100 %}
{% set fewest_converted = 20 %}

with

moments as (

    select * from {{ ref('int_experiments__moments') }}

),

estimates as (

    select * from {{ ref('int_experiments__estimates') }}

),

definitions as (

    select * from {{ ref('int_experiments__definitions') }}

),

controls as (

    select
        experiment_id,
        group_type,
        group_name,
        measured_people,
        converted
    from moments
    where is_control

),

experiments as (

    select
        experiment_id,
        campaign_id,
        min(goal_metric) as goal_metric,
        min(goal_days) as goal_days,
        max(case when is_final then 1 else 0 end) = 1 as is_final,
        min(starts_on) as starts_on,
        max(ends_on) as ends_on
    from definitions
    group by experiment_id, campaign_id

),

methods as (

    select 'unadjusted' as method
    union all
    select 'cuped' as method

),

{# People of several arms are counted, and compared with nobody. #}
compared as (

    select
        moments.*,
        methods.method,
        experiments.campaign_id,
        experiments.goal_metric,
        experiments.goal_days,
        experiments.is_final,
        experiments.starts_on,
        experiments.ends_on,
        estimates.goal_per_head,
        estimates.difference,
        estimates.standard_error,
        case
            when experiments.is_final then estimates.difference_low
            when least(moments.measured_people, controls.measured_people) >= {{ fewest_people }}
                then estimates.always_valid_low
        end as difference_low,
        case
            when experiments.is_final then estimates.difference_high
            when least(moments.measured_people, controls.measured_people) >= {{ fewest_people }}
                then estimates.always_valid_high
        end as difference_high,
        case when experiments.is_final then estimates.p_value end as p_value,
        case when experiments.is_final then estimates.adjusted_p_value end as adjusted_p_value,
        estimates.relative_lift,
        case when experiments.is_final then estimates.relative_lift_low end as relative_lift_low,
        case when experiments.is_final then estimates.relative_lift_high end as relative_lift_high,
        estimates.detectable_difference,
        estimates.sample_ratio_p_value,
        estimates.sample_ratio_p_value < 0.01 as is_sample_ratio_mismatch,
        least(moments.measured_people, controls.measured_people) as people_of_smaller_arm,
        moments.converted + controls.converted as converted_of_both
    from moments
    inner join experiments on moments.experiment_id = experiments.experiment_id
    inner join methods on not moments.is_mixed or methods.method = 'unadjusted'
    left join estimates
        on
            moments.experiment_id = estimates.experiment_id
            and moments.arm = estimates.arm
            and moments.group_type = estimates.group_type
            and moments.group_name = estimates.group_name
            and methods.method = estimates.method
    left join controls
        on
            moments.experiment_id = controls.experiment_id
            and moments.group_type = controls.group_type
            and moments.group_name = controls.group_name

),

judged as (

    select
        *,
        case
            when difference_low is null then null
            when is_final then 'welch'
            else 'always valid'
        end as interval_type,
        case
            when is_control or is_mixed or not is_final then null
            when is_sample_ratio_mismatch then 'do not trust: sample ratio'
            when
                coalesce(people_of_smaller_arm, 0) < {{ fewest_people }}
                or converted_of_both < {{ fewest_converted }}
                then 'too few'
            {# No estimate by this method: of people who had bought nothing before, cuped has none. #}
            when difference is null then null
            when adjusted_p_value < 0.05 and difference > 0 then 'better'
            when adjusted_p_value < 0.05 and difference < 0 then 'worse'
            else 'no difference shown'
        end as verdict
    from compared

)

select * from judged
