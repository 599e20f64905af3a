{# Hook of the outcomes of experiments: of people who are not touched those rows go as well whose days are no longer
   those over which the person is measured, because a window slid on, a campaign is counted from another day, or an
   experiment asks for more days. #}
{% macro forget_other_days() -%}
    {%- if not execute -%} {%- do ref('int_experiments__days') -%} {%- endif -%}
    {%- if is_carried_on() -%}
        delete from {{ this }} as outcomes
        where not exists (
            select days.profile_id
            from {{ ref('int_experiments__days') }} as days
            where
                days.experiment_id = outcomes.experiment_id
                and days.profile_id = outcomes.profile_id
                and days.goal_days = outcomes.goal_days
                and days.assigned_on = outcomes.assigned_on
                and days.assigned_at is not distinct from outcomes.assigned_at
        )
    {%- endif -%}
{%- endmacro %}
