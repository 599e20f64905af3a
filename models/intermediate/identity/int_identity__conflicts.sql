{% set by = ['identity', 'accounts'] %}
{{ carried_on('profile_id', by=by) }}

{# Profiles of whom accounts say what cannot both be true, or that bear two account numbers. #}
-- depends_on: {{ ref('int_privacy__erased_records') }}
with

{# Who has one account says nothing against himself. #}
several as (

    select person_id
    from {{ touched_identifiers(by=by) }}
    where identifier_type = 'customer_id'
    group by person_id
    having count(*) > 1

),

identifiers as (

    select
        profile_id,
        identifier_value
    from {{ touched_identifiers(by=by) }}
    where
        identifier_type = 'customer_id'
        and person_id in (select several.person_id from several)

),

customers as (

    select * from {{ ref('stg_shop__customers') }}

),

accounts as (

    select
        identifiers.profile_id,
        identifiers.identifier_value as customer_id,
        customers.birth_date,
        customers.country,
        lower(customers.last_name) as last_name
    from identifiers
    left join customers on identifiers.identifier_value = customers.customer_id

),

counted as (

    {% for attribute in ['customer_id', 'birth_date', 'last_name', 'country'] %}
    select
        profile_id,
        '{{ attribute }}' as attribute,
        count(distinct {{ attribute }}) as value_count
    from accounts
    group by profile_id
    having count(distinct {{ attribute }}) > 1
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select * from counted
