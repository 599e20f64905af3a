-- `components` (place, component) is there: scipy made it of the graph. People get the hash of their first
-- identifier as id, those who asked for it are erased, and every record is told whose it is.
create table people_nodes as
with

members as (
    select nodes.*, component
    from nodes
    inner join graph_nodes on nodes.node = graph_nodes.node
    inner join components on graph_nodes.place = components.place
),

requested as (
    select distinct component
    from members
    where
        (type = 'customer_id' and value in (select customer_id from requests))
        or (type = 'email' and value in (select email from requests))
        or (type = 'phone' and value in (select phone from requests))
)

select
    members.*,
    first_value(type || ':' || value) over (
        partition by component order by first_at nulls last, rank, value
    ) as anchor,
    component in (select component from requested) as is_erased
from members;

create table identifiers as
select node, type, value, first_at, last_at, records, profile_id
from people_nodes
inner join (
    select distinct
        component, substr(sha256(getvariable('salt') || ':' || anchor), 1, 32) as profile_id
    from people_nodes
    where not is_erased
) using (component);

create table owners_by_account as select value, profile_id from identifiers where type = 'customer_id';
create table owners_by_card as select value, profile_id from identifiers where type = 'loyalty_card_id';
create table owners_by_email as select value, profile_id from identifiers where type = 'email';
create table owners_by_phone as select value, profile_id from identifiers where type = 'phone';
create table owners_by_device as select value, profile_id from identifiers where type = 'anonymous_id';

create table profile_identifiers as
select
    substr(sha256(getvariable('salt') || ':' || nodes.type || ':' || nodes.value), 1, 32) as identifier_hash,
    profile_id, nodes.type as identifier_type, coalesce(reason, 'linked') as status,
    nodes.records as record_count,
    nodes.first_at as first_seen_at, nodes.last_at as last_seen_at
from nodes
left join identifiers on nodes.node = identifiers.node
left join (select node, min(reason) as reason from unusable group by node) as u on nodes.node = u.node
where nodes.node not in (select node from people_nodes where is_erased);

-- Of erased people nothing is left but what they bought, as of nobody.
create temp table erased as select type, value from people_nodes where is_erased;
create macro is_erased(kind, id) as id in (select value from erased where type = kind);
update shop_orders
set customer_id = null, loyalty_card_id = null, email = null, phone = null, anonymous_id = null
where
    is_erased('customer_id', customer_id)
    or (customer_id is null and is_erased('loyalty_card_id', loyalty_card_id))
    or (coalesce(customer_id, loyalty_card_id) is null and is_erased('email', email))
    or (coalesce(customer_id, loyalty_card_id, email) is null and is_erased('phone', phone))
    or (
        coalesce(customer_id, loyalty_card_id, email, phone) is null
        and is_erased('anonymous_id', anonymous_id)
    );
delete from events
where
    is_erased('customer_id', customer_id) or (customer_id is null and is_erased('email', email))
    or (coalesce(customer_id, email) is null and is_erased('anonymous_id', anonymous_id));
delete from customers where is_erased('customer_id', customer_id);

-- At a device of several people it is who was there: named, in the session, or within a week at a device that
-- no more than five people use.
create table at_shared_devices as
with

devices as (
    select value as anonymous_id
    from nodes
    inner join unusable using (node)
    where type = 'anonymous_id'
    group by node, value
    having min(reason) = 'shared'
),

records as (
    select
        'web' as source, event_id as record_id, anonymous_id, customer_id, null as loyalty_card_id, email,
        null as phone, occurred_at as happened_at
    from events
    where not is_bot and anonymous_id in (from devices)
    union all by name
    select
        'shop' as source, order_id as record_id, anonymous_id, customer_id, loyalty_card_id, email, phone,
        ordered_at as happened_at
    from shop_orders
    where anonymous_id in (from devices)
),

known as (
    select
        records.*,
        coalesce(a.profile_id, c.profile_id, e.profile_id, p.profile_id) as named,
        coalesce(date_diff('second', lag(happened_at) over in_time, happened_at) > 1800, true)::int as starts
    from records
    left join owners_by_account as a on customer_id = a.value
    left join owners_by_card as c on loyalty_card_id = c.value
    left join owners_by_email as e on email = e.value
    left join owners_by_phone as p on phone = p.value
    window in_time as (
        partition by anonymous_id order by happened_at, if(source = 'web', 1, 0), record_id
    )
),

numbered as (
    select
        *,
        sum(starts) over so_far as session,
        count(distinct named) over (partition by anonymous_id) as people
    from known
    window so_far as (
        partition by anonymous_id order by happened_at, if(source = 'web', 1, 0), record_id
        rows between unbounded preceding and current row
    )
),

beside as (
    select
        *,
        last_value(named ignore nulls) over before_it as before,
        last_value(if(named is null, null, session) ignore nulls) over before_it as session_before,
        last_value(if(named is null, null, happened_at) ignore nulls) over before_it as before_at,
        first_value(named ignore nulls) over after_it as after,
        first_value(if(named is null, null, session) ignore nulls) over after_it as session_after,
        first_value(if(named is null, null, happened_at) ignore nulls) over after_it as after_at
    from numbered
    window
        before_it as (
            partition by anonymous_id order by happened_at, if(source = 'web', 1, 0), record_id
            rows between unbounded preceding and current row
        ),
        after_it as (
            partition by anonymous_id order by happened_at, if(source = 'web', 1, 0), record_id
            rows between current row and unbounded following
        )
)

select
    source, record_id,
    case
        when named is not null then named
        when session_before = session then before
        when session_after = session then after
        when people <= 5 and date_diff('second', before_at, happened_at) <= 604800 then before
        when people <= 5 and date_diff('second', happened_at, after_at) <= 604800 then after
    end as profile_id
from beside;

create table sessions as
with

seen as (
    select
        events.*,
        s.profile_id as present,
        s.record_id is not null as is_shared,
        hash(coalesce(
            'd' || anonymous_id || coalesce(':' || s.profile_id, ''), 'a' || customer_id, 'e' || email
        )) as visitor
    from events
    left join (from at_shared_devices where source = 'web') as s on event_id = s.record_id
    where not is_bot and occurred_at::date <= (select day from as_of)
),

cut as (
    select
        *,
        coalesce(
            date_diff('second', lag(occurred_at) over in_time, occurred_at) > 1800, true
        )::int as starts
    from seen
    window in_time as (partition by visitor order by occurred_at, event_id)
),

numbered as (
    select
        *,
        sum(starts) over (
            partition by visitor order by occurred_at, event_id
            rows between unbounded preceding and current row
        ) as session
    from cut
)

select
    max(present) as present,
    bool_or(is_shared) as is_shared,
    max(anonymous_id) as anonymous_id, max(customer_id) as customer_id, max(email) as email,
    count(*) as event_count,
    coalesce(min(occurred_at)::date < min(occurred_at) filter (is_prompted)::date, true) as is_unprompted,
    min(occurred_at)::date as visited_on,
    min(occurred_at) as started_at
from numbered
group by visitor, session;

create table answers as
select
    coalesce(a.profile_id, e.profile_id, p.profile_id) as profile_id,
    channel, event_type, occurred_at
from messages
left join owners_by_account as a on customer_id = a.value
left join owners_by_email as e on email = e.value
left join owners_by_phone as p on phone = p.value
where
    event_type in ('opened', 'clicked', 'unsubscribed', 'complained')
    and occurred_at::date <= (select day from as_of)
    and coalesce(a.profile_id, e.profile_id, p.profile_id) is not null;

-- A visit within half an hour of a click in a message did not come by itself.
create table visits as
with

owned as (
    select
        sessions.* exclude (customer_id, email, anonymous_id),
        if(is_shared, present, coalesce(a.profile_id, e.profile_id, d.profile_id)) as profile_id
    from sessions
    left join owners_by_account as a on customer_id = a.value
    left join owners_by_email as e on email = e.value
    left join owners_by_device as d on anonymous_id = d.value
)

select
    owned.profile_id, visited_on, event_count,
    is_unprompted
    and coalesce(date_diff('second', clicks.occurred_at, started_at) > 1800, true) as is_unprompted
from owned
asof left join (from answers where event_type = 'clicked') as clicks
    on owned.profile_id = clicks.profile_id and owned.started_at >= clicks.occurred_at
where owned.profile_id is not null;
