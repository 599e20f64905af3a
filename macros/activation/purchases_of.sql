{# A query of what some people bought, or of its versions: all of it, where all is made anew. Purchases of those of whom a
   record is another were looked for already; time alone, or other terms, bring few others. #}
{% macro purchases_of(people, purchases, columns) -%}
    {%- set touched, columns = touched_purchases(purchases), columns | join(', ') -%}
    {%- if is_carried_on() -%}
        select {{ columns }} from {{ touched }}
        where {{ is_among_few('profile_id', people) }}
        union all
        select {{ columns }} from {{ purchases }}
        where
            profile_id in (
                select few.profile_id from {{ people }} as few
                where
                    few.profile_id not in (select records.profile_id from {{ ref('int_profiles__touched') }} as records)
                    and {{ is_one_of_few('few.profile_id') }}
            )
    {%- else -%}
        select {{ columns }} from {{ purchases }}
    {%- endif -%}
{%- endmacro %}
