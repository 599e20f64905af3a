{{ carried_on('profile_id') }}

with

golden_records as (

    select * from {{ touched_rows(ref('int_identity__golden_records'), 'profile_number') }}

),

customers as (

    select * from {{ ref('stg_shop__customers') }}

),

known as (

    select
        profile_id,
        max(case when identifier_type = 'customer_id' then 1 else 0 end) = 1 as has_account,
        max(case when identifier_type = 'loyalty_card_id' then 1 else 0 end) = 1 as has_loyalty_card,
        max(case when identifier_type = 'email' then 1 else 0 end) = 1 as has_email,
        max(case when identifier_type = 'phone' then 1 else 0 end) = 1 as has_phone,
        count(*) as identifier_count,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at,
        min(
            case when identifier_type in ('email', 'phone') then first_seen_at end
        ) as contact_known_at
    from {{ touched_identifiers() }}
    group by profile_id

),

{# What is personal goes no further: an address is hashed as identifiers are, a day of birth is a year. #}
hashed as (

    select
        *,
        case
            when attribute in ('email', 'phone') then {{ hash_of("attribute || ':' || value") }}
        end as address_hash
    from golden_records

),

described as (

    select
        profile_id,
        {% for attribute in ['email', 'phone'] %}
        max(case when attribute = '{{ attribute }}' then address_hash end) as {{ attribute }}_hash,
        max(case when attribute = '{{ attribute }}' then source_table end) as {{ attribute }}_source,
        max(case when attribute = '{{ attribute }}' and is_reachable then 1 else 0 end) = 1
            as is_{{ attribute }}_reachable,
        {% endfor %}
        max(case when attribute = 'country' then value end) as country,
        max(case when attribute = 'country' then source_table end) as country_source,
        max(
            case when attribute = 'birth_date' then extract(year from cast(value as date)) end
        ) as birth_year,
        max(case when attribute = 'birth_date' then source_table end) as birth_year_source,
        max(case when attribute in ('first_name', 'last_name') then 1 else 0 end) = 1 as has_name
    from hashed
    group by profile_id

),

staff as (

    select distinct identifiers.profile_id
    from customers
    inner join {{ touched_identifiers() }} as identifiers
        on
            customers.customer_id = identifiers.identifier_value
            and identifiers.identifier_type = 'customer_id'
    where customers.is_test

)

select

    ---------- ids
    known.profile_id,
    described.email_hash,
    described.phone_hash,

    ---------- strings
    described.country,
    described.country_source,
    described.birth_year_source,
    described.email_source,
    described.phone_source,

    ---------- numerics
    cast(described.birth_year as integer) as birth_year,
    cast(known.identifier_count as bigint) as identifier_count,

    ---------- booleans
    known.has_account,
    known.has_loyalty_card,
    known.has_email,
    known.has_phone,
    coalesce(described.has_name, false) as has_name,
    known.has_email or known.has_phone as is_contactable,
    case when described.email_hash is not null then described.is_email_reachable end as is_email_reachable,
    case when described.phone_hash is not null then described.is_phone_reachable end as is_phone_reachable,
    staff.profile_id is not null as is_test,

    ---------- dates
    {{ local_date('known.first_seen_at') }} as first_seen_on,
    {{ local_date('known.last_seen_at') }} as last_seen_on,
    {# A contact that no dated record carries has been there from the start, as far as anybody knows. #}
    case
        when known.has_email or known.has_phone
            then coalesce({{ local_date('known.contact_known_at') }}, date '1990-01-01')
    end as contact_known_on

from known
left join described on known.profile_id = described.profile_id
left join staff on known.profile_id = staff.profile_id
