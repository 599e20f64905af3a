{# The identifiers of people who are touched, for some reasons or for any; or all, where all is made anew: as a
   relation. `int_profiles__touched_names` has found those of the few among everybody's. #}
{% macro touched_identifiers(by=none) -%}
    {%- if not execute -%}
        {%- do ref('int_profiles__touched') -%}
        {%- do ref('int_profiles__touched_names') -%}
        {%- do ref('int_identity__identifiers') -%}
    {%- endif -%}
    {%- if is_carried_on() -%}
        (
            select * from {{ ref('int_profiles__touched_names') }}
            {%- if by %}
            where {{ is_for_reason(by) }}
            {%- endif %}
        )
    {%- else -%}
        {{ ref('int_identity__identifiers') }}
    {%- endif -%}
{%- endmacro %}
