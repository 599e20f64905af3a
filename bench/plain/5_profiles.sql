-- One row per person. The golden record asks the account and, for addresses, the loyalty card; whether
-- addresses are reachable, and what all other tables know of them, is left out, and so are names: addresses
-- are not compared.
create table people as
with

known as (
    select
        profile_id,
        bool_or(type = 'customer_id') as has_account,
        bool_or(type = 'loyalty_card_id') as has_loyalty_card,
        bool_or(type = 'email') as has_email,
        bool_or(type = 'phone') as has_phone,
        count(*) as identifier_count,
        min(first_at)::date as first_seen_on,
        max(last_at)::date as last_seen_on,
        min(first_at) filter (type in ('email', 'phone'))::date as contact_known_on
    from identifiers
    group by profile_id
),

accounts as (
    select
        profile_id,
        bool_or(is_test) as is_test,
        arg_max(country, row(created_at, -ascii(country))) filter (
            country is not null and coalesce(created_at::date <= (select day from as_of), true)
        ) as country,
        arg_max(year(birth_date), created_at) as birth_year,
        arg_max(customers.email, created_at) as email,
        arg_max(customers.phone, created_at) as phone
    from customers
    inner join owners_by_account on customer_id = value
    group by profile_id
),

cards as (
    select profile_id, arg_max(email, joined_at) as email, arg_max(phone, joined_at) as phone
    from members
    inner join owners_by_card on loyalty_card_id = value
    group by profile_id
)

select
    known.* exclude (contact_known_on),
    case when has_email or has_phone then coalesce(contact_known_on, date '1990-01-01') end
        as contact_known_on,
    coalesce(is_test, false) as is_test,
    country, birth_year,
    substr(sha256(getvariable('salt') || ':email:' || coalesce(accounts.email, cards.email)), 1, 32)
        as email_hash,
    substr(sha256(getvariable('salt') || ':phone:' || coalesce(accounts.phone, cards.phone)), 1, 32)
        as phone_hash
from known
left join accounts using (profile_id)
left join cards using (profile_id);

create table purchases as
select
    order_key, profile_id, order_source, utm_source, net_revenue, gross_margin, ordered_at,
    ordered_on as purchased_on, seen_on, next_seen_on
from order_versions
inner join people using (profile_id)
where is_purchase and not is_test;

create table active_days as
select profile_id, occurred_at::date as day, 'engaged' as activity
from answers
where event_type in ('opened', 'clicked')
union
select profile_id, visited_on, 'engaged' from visits where is_unprompted
union
select profile_id, visited_on, 'visitor' from visits;
