{# What touched people are named by on records: asked often, and few of all identifiers. With what models of
   people ask of identifiers. #}
with

{# Of several builds, each for reasons of its own. #}
touched as (

    select
        {% for reason in touched_reasons() %}
        max(case when by_{{ reason }} then 1 else 0 end) = 1 as by_{{ reason }},
        {% endfor %}
        profile_id
    from {{ ref('int_profiles__touched') }}
    group by profile_id

),

identifiers as (

    select * from {{ ref('int_identity__identifiers') }}
    where {{ is_among_few('profile_id', 'touched') }}

)

select
    identifiers.profile_id,
    identifiers.node_id,
    identifiers.person_id,
    identifiers.identifier_type,
    identifiers.identifier_value,
    identifiers.name_number,
    {% for reason in touched_reasons() %}
    touched.by_{{ reason }},
    {% endfor %}
    identifiers.first_seen_at,
    identifiers.last_seen_at
from identifiers
inner join touched on identifiers.profile_id = touched.profile_id
