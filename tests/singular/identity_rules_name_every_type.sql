-- An identifier type without a rule would tell nobody, and its people would fall apart without a word.
with

types as (

    {% for identifier in identifier_types() %}
    select
        '{{ identifier }}' as identifier_type,
        {{ loop.index }} as identifier_rank
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select types.identifier_type
from types
left join {{ ref('identity_rules') }} as rules
    on
        types.identifier_type = rules.identifier_type
        and types.identifier_rank = rules.identifier_rank
where rules.identifier_type is null
