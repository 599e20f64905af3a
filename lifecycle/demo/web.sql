-- What happens in a visit: four courses per kind. Whoever signs in or up is known from there on.
create table courses as
select
    row_number() over (order by kind, course) as course_id,
    *,
    coalesce(list_position(events, 'identify'), list_position(events, 'sign_up')) as known_from
from (
    select kind, unnest(courses) as events, generate_subscripts(courses, 1) - 1 as course
    from (values
        ('member order', [
            ['page_view', 'product_view', 'add_to_cart', 'identify', 'checkout', 'purchase'],
            ['page_view', 'search', 'product_view', 'product_view', 'add_to_cart', 'identify',
                'checkout', 'purchase'],
            ['identify', 'product_view', 'add_to_cart', 'checkout', 'purchase'],
            ['product_view', 'add_to_cart', 'checkout', 'purchase']]),
        ('guest order', [
            ['page_view', 'product_view', 'add_to_cart', 'checkout', 'purchase'],
            ['page_view', 'search', 'product_view', 'product_view', 'add_to_cart', 'checkout', 'purchase'],
            ['page_view', 'product_view', 'product_view', 'add_to_cart', 'checkout', 'purchase'],
            ['product_view', 'add_to_cart', 'checkout', 'purchase']]),
        ('signed in', [
            ['page_view', 'identify', 'page_view'],
            ['page_view', 'identify', 'product_view', 'wishlist_add'],
            ['identify', 'product_view', 'product_view'],
            ['page_view', 'identify', 'add_to_cart']]),
        ('browse', [
            ['page_view'],
            ['page_view', 'product_view'],
            ['page_view', 'search', 'product_view'],
            ['page_view', 'product_view', 'product_view', 'add_to_cart']]),
        ('sign up', [
            ['page_view', 'sign_up'],
            ['page_view', 'product_view', 'sign_up'],
            ['page_view', 'product_view', 'sign_up', 'page_view'],
            ['product_view', 'sign_up', 'product_view', 'add_to_cart']]),
        ('bot', [
            ['page_view', 'page_view', 'page_view', 'page_view', 'page_view', 'page_view'],
            ['product_view', 'product_view', 'product_view', 'product_view', 'product_view'],
            ['page_view', 'search', 'search', 'search', 'search', 'search', 'search', 'search'],
            ['page_view']])
    ) as kinds (kind, courses)
);

create table trackable as
select row_number() over (order by n) - 1 as visit, * from tills where anonymous_id is not null;
set variable trackable = (select count(*) from trackable);
-- A visit with an order has 5.6 events on average, one without 2.6; some of these come anyway.
set variable browsing = (
    select cast((getvariable('events_per_order') * count(*) - 5.6 * count(anonymous_id)) / 2.6 as bigint)
    from tills where is_online
) - getvariable('outsiders') - (select count(clicked_at) from messages where channel = 'email');
set variable browsing = greatest(0, getvariable('browsing'));

create table visits as
with drawn as (
    -- The visit that led to an order ends with it.
    select
        case when is_member then 'member order' else 'guest order' end as kind,
        visit, person, n, anonymous_id, sold_at as happened_at, traffic, has_address
    from trackable
    union all
    -- Visits in the weeks before an order.
    select
        'browse', i, person, null, used_device(devices, 'browse device', i),
        sold_at - days(0.1 + 20 * pow(u('before', i), 2)), bits('browse traffic', i) % 20, false
    from range(cast(0.45 * getvariable('browsing') as bigint)) as browsing (i)
    inner join trackable on visit = bits('which order', i) % getvariable('trackable')
    inner join people using (person)
    union all
    -- Visits of anyone at any time, buyers until they have left.
    select
        'browse', i, person, null, used_device(devices, 'browse device', i),
        joined_at + seconds(pow(u('since', i), 2)
            * date_diff('second', joined_at, in_history(coalesce(left_at + days(60), getvariable('end'))))),
        bits('browse traffic', i) % 20, false
    from range(cast(0.45 * getvariable('browsing') as bigint), getvariable('browsing')) as browsing (i)
    inner join people on person = case
        when u('who', i) < 0.55 then bits('which buyer', i) % getvariable('buyers')
        else getvariable('buyers') + bits('which person', i) % getvariable('outsiders') end
    union all
    select
        case kind when 'registered' then 'sign up' else 'browse' end,
        person + getvariable('browsing'), person, null,
        used_device(devices, 'first device', person), joined_at, bits('first traffic', person) % 20, false
    from people where kind in ('registered', 'visitor')
    union all
    -- A click in a newsletter is a visit.
    select
        'browse', message + 2000000000, person, null,
        used_device(devices, 'click device', message), clicked_at, 18, false
    from messages inner join people using (person)
    where clicked_at is not null and channel = 'email'
    union all
    select
        'bot', i, null, null, 'b' || lower(to_hex(bits('bot', i))),
        time_of(u('bot time', i) * getvariable('days')), 0, false
    from range(getvariable('browsing') // 100) as bots (i)
),
shaped as (
    select
        drawn.* exclude (kind, created_at), course_id,
        happened_at - seconds(case when n is null then 0 else gap * (len(events) - 1) end) as started_at
    from (
        select
            drawn.* exclude (kind),
            case when kind = 'browse' and created_at < happened_at and u('signs in', visit) < 0.25
                then 'signed in' else kind end as kind,
            created_at,
            15 + bits('gap', visit) % 60 as gap
        from drawn left join accounts using (person)
    ) as drawn
    inner join courses on courses.kind = drawn.kind and course = bits('course', visit) % 4
),
numbered as (
    select *, row_number() over (order by started_at, visit, course_id) as session
    from shaped
    where started_at >= getvariable('start')
        and happened_at < getvariable('end') - interval 15 minute
)
select
    numbered.*,
    email,
    product_id,
    case currency when 'EUR' then money(total_cents) end as value,
    arrival(started_at + interval 15 minute, 'visit', session)
        + redelivery(copy, 'visit', session) as _loaded_at
from (select *, unnest(deliveries('visit', session)) as copy from numbered) as numbered
left join people using (person)
left join tills using (n)
left join lines on lines.n = numbered.n and line = 0;

-- Events are many: they are made of the visits that arrive within a part, as it is written.
create macro web.new_events(part_start, part_end) as table
with events as (
    select
        visits.* exclude (product_id),
        kind,
        known_from,
        unnest(events) as event_type,
        generate_subscripts(events, 1) as step,
        16 * session + step as i,
        case when event_type in ('product_view', 'add_to_cart', 'wishlist_add') then coalesce(product_id,
            product(cast(floor(240 * pow(u('looks at', i), 1.5)) as int))) end as product_id
    from visits inner join courses using (course_id)
    where _loaded_at >= part_start and _loaded_at < part_end
)
select
    person,
    'E' || i as event_id,
    event_type,
    started_at + seconds(gap * (step - 1)) as occurred_at,
    anonymous_id,
    case when step >= known_from then customer(person) end as customer_id,
    case when step = known_from then email
        when kind = 'guest order' and event_type = 'checkout' and has_address then email end as email,
    'https://shop.example' || case
        when product_id is not null then '/products/' || product_id
        when event_type = 'page_view' then pick(['/', '/coffee', '/tea', '/gifts'], 'page', i)
        else '/' || event_type end as page_url,
    case when step = 1 then referrer end as referrer,
    case when step = 1 then utm_source end as utm_source,
    case when step = 1 then utm_medium end as utm_medium,
    case when step = 1 and utm_source = 'newsletter' then newsletter(happened_at)
        when step = 1 then utm_campaign end as utm_campaign,
    product_id,
    case when event_type = 'purchase' then shop_order(n) end as order_id,
    case when event_type = 'purchase' then value end as value,
    kind = 'bot' as is_bot,
    _loaded_at
from events left join traffic using (traffic);

-- The last month's by themselves, for some to be broken.
create table web.events as
from web.new_events(getvariable('end') - interval 30 day, timestamp '9999-12-31');
