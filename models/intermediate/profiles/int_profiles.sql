with

identifiers as (

    select * from {{ ref('int_identity__identifiers') }}

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
    from identifiers
    group by profile_id

),

{# Accounts of one person disagree at times: the youngest that says something is believed. #}
accounts as (

    select
        identifiers.profile_id,
        customers.*,
        row_number() over (
            partition by identifiers.profile_id
            order by
                case when customers.country is null then 1 else 0 end asc,
                customers.created_at desc nulls last,
                customers.customer_id asc
        ) as country_rank,
        row_number() over (
            partition by identifiers.profile_id
            order by
                case when customers.birth_date is null then 1 else 0 end asc,
                customers.created_at desc nulls last,
                customers.customer_id asc
        ) as birth_date_rank
    from customers
    inner join identifiers
        on
            customers.customer_id = identifiers.identifier_value
            and identifiers.identifier_type = 'customer_id'

),

described as (

    select
        profile_id,
        max(case when country_rank = 1 then country end) as country,
        max(case when birth_date_rank = 1 then birth_date end) as birth_date,
        max(case when is_test then 1 else 0 end) = 1 as is_test
    from accounts
    group by profile_id

)

select
    known.profile_id,
    described.country,
    cast(extract(year from described.birth_date) as integer) as birth_year,
    cast(known.identifier_count as bigint) as identifier_count,
    known.has_account,
    known.has_loyalty_card,
    known.has_email,
    known.has_phone,
    known.has_email or known.has_phone as is_contactable,
    coalesce(described.is_test, false) as is_test,
    {{ local_date('known.first_seen_at') }} as first_seen_on,
    {{ local_date('known.last_seen_at') }} as last_seen_on,
    {# A contact that no dated record carries has been there from the start, as far as anybody knows. #}
    case
        when known.has_email or known.has_phone
            then coalesce({{ local_date('known.contact_known_at') }}, date '1990-01-01')
    end as contact_known_on
from known
left join described on known.profile_id = described.profile_id
