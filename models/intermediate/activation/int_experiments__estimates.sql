{# SQL has no distribution of t: the moments, a row per arm and group, go through Python as one list,
   `experiment_estimates` of `lifecycle/functions.py`. #}
{% set given = [
    'experiment_id', 'arm', 'group_type', 'group_name', 'p_value_family', 'ratio_people', 'measured_people',
    'planned_share', 'goal', 'goal_squared', 'before', 'before_squared', 'goal_before', 'is_control', 'is_mixed'
] %}
{% set estimated = [
    'experiment_id', 'group_type', 'group_name', 'arm', 'method', 'goal_per_head', 'difference', 'standard_error',
    'difference_low', 'difference_high', 'p_value', 'relative_lift', 'relative_lift_low', 'relative_lift_high',
    'detectable_difference', 'always_valid_low', 'always_valid_high', 'adjusted_p_value'
] %}

with

moments as (

    select * from {{ ref('int_experiments__moments') }}

),

listed as (

    select array_agg({{ struct_of(given) }}) as moments
    from moments

),

found as (

    select {{ each_of('experiment_estimates(moments)') }} as estimate
    from listed

)

select
    {% for name in estimated %}
    {{ field_of('estimate', name) }} as {{ name }},
    {% endfor %}
    {{ field_of('estimate', 'sample_ratio_p_value') }} as sample_ratio_p_value
from found
