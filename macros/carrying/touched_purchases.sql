{# Those rows of int_purchases, or of its versions, whose people are to be made anew; or all of them: as a relation. Of
   touched people they are looked for once, in a model of their own. #}
{% macro touched_purchases(purchases, by=none) -%}
    {%- set condition = is_touched('profile_id', by=by) -%}
    {%- if not execute -%} {%- do ref('int_purchases__touched') -%} {%- endif -%}
    {%- if is_carried_on() -%}
        (
            select * from {{ ref('int_purchases__touched') }}
            where
                {{ condition }}
                {%- if purchases.identifier == 'int_purchases' %}
                and next_seen_on is null
                {%- endif %}
        )
    {%- else -%}
        {{ purchases }}
    {%- endif -%}
{%- endmacro %}
