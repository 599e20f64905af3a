{# A lift that is worth finding, for `people_needed`. #}
{% set worthwhile_lift = 0.1 %}

with

judged as (

    select * from {{ ref('int_experiments__judged') }}
    where campaign_id is not null

),

playbook as (

    select * from {{ ref('campaign_playbook') }}

),

audiences as (

    select * from judged
    where
        not is_control
        and not is_mixed

),

controls as (

    select * from judged
    where is_control

),

{# By arm alone: mixed people have no method but one. #}
merged_people as (

    select
        campaign_id,
        people
    from judged
    where is_mixed

),

compared as (

    select
        audiences.*,
        playbook.segment,
        controls.people as control_people,
        controls.measured_people as measured_control_people,
        coalesce(merged_people.people, 0) as merged_people,
        cast(audiences.messaged as double) / nullif(audiences.measured_people, 0) as messaged_share,
        cast(controls.messaged as double) / nullif(controls.measured_people, 0) as control_messaged_share,
        {% for name in ['converted', 'revenue', 'margin'] %}
        cast(controls.{{ name }} as double)
        / nullif(controls.measured_people, 0) as control_{{ name }}_per_head,
        cast(audiences.{{ name }} as double) / nullif(audiences.measured_people, 0) as {{ name }}_per_head
        {%- if not loop.last %},{% endif %}
        {% endfor %}
    from audiences
    inner join controls
        on
            audiences.campaign_id = controls.campaign_id
            and audiences.method = controls.method
    left join merged_people on audiences.campaign_id = merged_people.campaign_id
    left join playbook on audiences.campaign_id = playbook.campaign_id

),

{# A tenth of the audience's share may be test addresses and slips; beyond that the group was not left out. #}
watched as (

    select
        *,
        case when control_revenue_per_head > 0 then control_revenue_per_head end
            as paying_control_revenue_per_head,
        coalesce(10 * control_messaged_share > messaged_share, false) as is_control_messaged
    from compared

)

select

    ---------- ids
    campaign_id,

    ---------- strings
    segment,
    method,
    interval_type,
    case
        when verdict is not null and is_control_messaged then 'do not trust: control was written to'
        else verdict
    end as verdict,

    ---------- numerics
    goal_days,
    people,
    control_people,
    merged_people,
    measured_people,
    measured_control_people,
    messaged_share,
    control_messaged_share,
    cast(other_messages as double) / nullif(measured_people, 0) as other_messages_per_head,
    converted_per_head as conversion_rate,
    control_converted_per_head as control_conversion_rate,
    revenue_per_head,
    control_revenue_per_head,
    margin_per_head,
    control_margin_per_head,
    difference,
    standard_error,
    difference_low,
    difference_high,
    p_value,
    adjusted_p_value,
    relative_lift,
    relative_lift_low,
    relative_lift_high,
    detectable_difference,
    cast(
        ceil(
            (measured_people + measured_control_people)
            * power(detectable_difference / ({{ worthwhile_lift }} * paying_control_revenue_per_head), 2)
        ) as bigint
    ) as people_needed,
    cast(difference * measured_people as decimal(18, 2)) as value,
    cast(difference_low * measured_people as decimal(18, 2)) as value_low,
    cast(difference_high * measured_people as decimal(18, 2)) as value_high,
    sample_ratio_p_value,

    ---------- booleans
    is_final,
    is_sample_ratio_mismatch,
    is_control_messaged,

    ---------- dates
    {{ days_after('starts_on', 1) }} as first_sent_on,
    {{ days_after('ends_on', 1) }} as last_sent_on

from watched
