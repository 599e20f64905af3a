-- Who is one person: identifiers that stand on one record are linked, unless one of them is a placeholder or
-- stands with too many others. Joins and cuts by hand, the audit of what was dropped, and what became of
-- people since the build before are left out.
create table identifier_rules as from read_csv(getvariable('project') || '/seeds/identity_rules.csv');
create temp table blocked as from read_csv(getvariable('project') || '/seeds/identity_blocked_values.csv');

create table mentioned as
with

records as (
    select customer_id, loyalty_card_id, email, phone, anonymous_id, ordered_at as happened_at
    from shop_orders
    union all by name
    select customer_id, email, phone, created_at as happened_at from customers
    union all by name
    select loyalty_card_id, email, phone, sold_at as happened_at from receipts
    union all by name
    select customer_id, loyalty_card_id, email, phone, joined_at as happened_at from members
    union all by name
    select customer_id, email, phone, changed_at as happened_at from consents
    union all by name
    select customer_id, email, phone, anonymous_id, assigned_at as happened_at from assignments
    union all by name
    select customer_id, email, responded_at as happened_at from responses
),

few as (
    select
        customer_id, loyalty_card_id, email, phone, anonymous_id,
        min(happened_at) as first_at, max(happened_at) as last_at, count(*) as records
    from records
    group by all
),

of_events as (
    select
        customer_id, email, anonymous_id,
        min(occurred_at) as first_at, max(occurred_at) as last_at, count(*) as records
    from events
    where not is_bot
    group by all
),

of_messages as (
    select
        customer_id, email, phone,
        min(occurred_at) as first_at, max(occurred_at) as last_at, count(*) as records
    from messages
    group by all
)

select
    *,
    hash('customer_id', customer_id) as customer_node, hash('loyalty_card_id', loyalty_card_id) as card_node,
    hash('email', email) as email_node, hash('phone', phone) as phone_node,
    hash('anonymous_id', anonymous_id) as device_node
from (from few union all by name from of_events union all by name from of_messages);

create table nodes as
with

named as (
    select customer_node as node, 'customer_id' as type, customer_id as value, first_at, last_at, records
    from mentioned where customer_id is not null
    union all
    select card_node, 'loyalty_card_id', loyalty_card_id, first_at, last_at, records
    from mentioned where loyalty_card_id is not null
    union all
    select email_node, 'email', email, first_at, last_at, records from mentioned where email is not null
    union all
    select phone_node, 'phone', phone, first_at, last_at, records from mentioned where phone is not null
    union all
    select device_node, 'anonymous_id', anonymous_id, first_at, last_at, records
    from mentioned where anonymous_id is not null
)

select
    node, type, value, identifier_rank as rank,
    min(first_at) as first_at, max(last_at) as last_at, sum(records)::bigint as records
from named
inner join identifier_rules on type = identifier_type
group by all;

-- Patterns are written as constants: as a column they would be compiled for every row.
set variable of_any = (
    select string_agg('(' || pattern || ')', '|') from blocked where identifier_type = 'any'
);
set variable of_email = (
    select string_agg('(' || pattern || ')', '|') from blocked where identifier_type in ('any', 'email')
);
set variable of_phone = (
    select string_agg('(' || pattern || ')', '|') from blocked where identifier_type in ('any', 'phone')
);

create table unusable as
select node, 'blocked' as reason
from nodes
where
    case type
        when 'email' then regexp_matches(lower(value), getvariable('of_email'))
        when 'phone' then regexp_matches(lower(value), getvariable('of_phone'))
        else regexp_matches(lower(value), getvariable('of_any'))
    end;

create table links as
with

pairs as (
    select
        customer_node as node_a, card_node as node_b, 'customer_id' as type_a, 'loyalty_card_id' as type_b
    from mentioned
    where customer_id is not null and loyalty_card_id is not null
    union
    select customer_node, email_node, 'customer_id', 'email' from mentioned
    where customer_id is not null and email is not null
    union
    select customer_node, phone_node, 'customer_id', 'phone' from mentioned
    where customer_id is not null and phone is not null
    union
    select customer_node, device_node, 'customer_id', 'anonymous_id' from mentioned
    where customer_id is not null and anonymous_id is not null
    union
    select card_node, email_node, 'loyalty_card_id', 'email' from mentioned
    where loyalty_card_id is not null and email is not null
    union
    select card_node, phone_node, 'loyalty_card_id', 'phone' from mentioned
    where loyalty_card_id is not null and phone is not null
    union
    select card_node, device_node, 'loyalty_card_id', 'anonymous_id' from mentioned
    where loyalty_card_id is not null and anonymous_id is not null
    union
    select email_node, phone_node, 'email', 'phone' from mentioned
    where email is not null and phone is not null
    union
    select email_node, device_node, 'email', 'anonymous_id' from mentioned
    where email is not null and anonymous_id is not null
    union
    select phone_node, device_node, 'phone', 'anonymous_id' from mentioned
    where phone is not null and anonymous_id is not null
)

select *
from pairs
where node_a not in (select node from unusable) and node_b not in (select node from unusable);

insert into unusable
with

partners as (
    select node_a as node, type_a as type, type_b as partner from links
    union all
    select node_b, type_b, type_a from links
),

limits as (
    unpivot (select * replace (max_anonymous_ids::bigint as max_anonymous_ids) from identifier_rules)
    on
        max_customer_ids as customer_id, max_loyalty_card_ids as loyalty_card_id, max_emails as email,
        max_phones as phone, max_anonymous_ids as anonymous_id
    into name partner value most
),

counted as (
    select node, type, partner, count(*) as partners from partners group by all
)

select distinct node, 'shared'
from counted
inner join limits on type = identifier_type and counted.partner = limits.partner
where partners > most;

create table graph_nodes as
select row_number() over () - 1 as place, node
from nodes
where node not in (select node from unusable);

create table graph_links as
select distinct a.place as place_a, b.place as place_b
from links
inner join graph_nodes as a on node_a = a.node
inner join graph_nodes as b on node_b = b.node;
