-- Recency, frequency and monetary value at every month's end, by today's cuts, and the segment that follows.
-- Cuts are measured anew in every build, and all of history is told anew: nothing is kept.
create table periods as
with

ends as (
    select unnest(generate_series(
        date_trunc('month', (select min(ordered_on) from placed)), (select day from as_of), interval 1 month
    ))::date as start
)

select
    row_number() over (order by start)::int as n,
    least((start + interval 1 month - interval 1 day)::date, (select day from as_of)) as period_end,
    (start + interval 1 month - interval 1 day)::date <= (select day from as_of) as is_full,
    (start + interval 1 month - interval 1 day)::date >= (select day from as_of) as is_current
from ends;

create table calendar as
select day::date as day, n, period_end
from (
    select unnest(generate_series(
        (select date_trunc('month', min(period_end)) from periods), (select max(period_end) from periods),
        interval 1 day
    )) as day
)
asof join periods on day <= period_end;

-- What somebody had bought, at the ends of the months in which that changed; it holds until the next of them.
create table rfm_steps as
with

steps as (
    select distinct profile_id, n, period_end
    from (select profile_id, unnest([seen_on, next_seen_on]) as day from purchases)
    inner join calendar using (day)
),

seen as (
    select
        steps.*, net_revenue, purchased_on,
        max(purchased_on) over (partition by steps.profile_id, n) as last_on
    from steps
    inner join purchases
        on
            steps.profile_id = purchases.profile_id and period_end >= seen_on
            and period_end < coalesce(next_seen_on, date '9999-01-01')
),

measured as (
    select
        profile_id, n, last_on, count(*) as lifetime,
        count(*) filter (purchased_on > last_on - 730) as orders,
        sum(net_revenue) filter (purchased_on > last_on - 730)::decimal(18, 2) as revenue
    from seen
    group by all
)

select
    profile_id, n, lead(n, 1, 9999) over (partition by profile_id order by n) as next_n,
    last_on, lifetime, orders, revenue
from steps
left join measured using (profile_id, n);

create table rfm_thresholds as
with

base as (
    select last_on - (select day from as_of) as newness, orders, revenue
    from rfm_steps
    where next_n = 9999 and last_on > (select day from as_of) - 1095
)

select
    quantile_disc(newness, [0.2, 0.4, 0.6, 0.8]) as recency,
    [1] || quantile_disc(orders, [0.25, 0.5, 0.75]) filter (orders > 1) as frequency,
    quantile_disc(revenue, [0.2, 0.4, 0.6, 0.8]) as monetary
from base;

create table segment_map as
with

rules as (
    from read_csv(getvariable('project') || '/seeds/segment_rules.csv') where map = 'exponea'
)

select r, f, m, once, e.engaged, arg_min(segment, priority) as segment
from range(1, 6) as r (r)
cross join range(1, 6) as f (f)
cross join range(1, 6) as m (m)
cross join (values (true), (false)) as o (once)
cross join (values (true), (false)) as e (engaged)
inner join rules
    on
        r between coalesce(r_min, 1) and coalesce(r_max, 5)
        and f between coalesce(f_min, 1) and coalesce(f_max, 5)
        and m between coalesce(m_min, 1) and coalesce(m_max, 5)
        and f + m between coalesce(fm_min, 2) and coalesce(fm_max, 10)
        and once = coalesce(one_purchase, once) and e.engaged = coalesce(rules.engaged, e.engaged)
group by all;

-- People are numbers here: thirty months of hex digits are dear.
create table numbered as select row_number() over () as person, * from people;

create table activity as
with

marked as (
    select
        *, if(activity = 'engaged', 90, 365) as days,
        coalesce(day > lag(day) over (partition by profile_id, activity order by day) + days, true) as starts
    from active_days
),

islands as (
    select *, count_if(starts) over (partition by profile_id, activity order by day) as island from marked
),

spans as (
    select profile_id, activity, min(day) as active_from, max(day) + any_value(days) - 1 as active_until
    from islands
    group by profile_id, activity, island
)

select person, n, bool_or(activity = 'engaged') as engaged, bool_or(activity = 'visitor') as visitor
from spans
inner join numbered using (profile_id)
inner join periods on period_end between active_from and active_until
group by all;

create table segment_membership as
with

buyers as (
    select
        person, e.n, last_on, lifetime, orders, revenue,
        last_on > period_end - 1095 as in_base,
        last_on - period_end as newness,
        1 + (newness > recency[1])::int + (newness > recency[2])::int + (newness > recency[3])::int
        + (newness > recency[4])::int as r,
        1 + (orders > frequency[1])::int + (orders > frequency[2])::int + (orders > frequency[3])::int
        + (orders > frequency[4])::int as f,
        1 + (revenue > monetary[1])::int + (revenue > monetary[2])::int + (revenue > monetary[3])::int
        + (revenue > monetary[4])::int as m
    from rfm_steps
    inner join numbered using (profile_id)
    inner join periods as e on e.n >= rfm_steps.n and e.n < next_n
    cross join rfm_thresholds
    where lifetime is not null
),

known as (
    select person, is_test, contact_known_on, n, period_end, is_current, is_full
    from numbered
    inner join periods on coalesce(first_seen_on <= period_end, true)
    union
    select person, is_test, contact_known_on, n, period_end, is_current, is_full
    from buyers
    inner join numbered using (person)
    inner join periods using (n)
    where first_seen_on > period_end
),

placed as (
    select
        known.*, coalesce(engaged, false) as is_engaged, last_on, lifetime, orders, revenue,
        if(in_base, r, null) as r, if(in_base, f, null) as f, if(in_base, m, null) as m,
        case
            when in_base then null
            when lifetime is not null then 'last purchase is too long ago'
            when is_test then 'test account'
            when contact_known_on <= period_end or visitor then null
            else 'no purchase, no address and no recent visit'
        end as reason,
        case
            when lifetime is null and reason is null
                then if(coalesce(contact_known_on <= period_end, false), 'loyal_visitors', 'visitors')
        end as visiting
    from known
    left join buyers on known.person = buyers.person and known.n = buyers.n
    left join activity on known.person = activity.person and known.n = activity.n
),

mapped as (
    select placed.*, coalesce(visiting, segment_map.segment) as segment
    from placed
    left join segment_map
        on
            placed.r = segment_map.r and placed.f = segment_map.f and placed.m = segment_map.m
            and (lifetime = 1) = once and is_engaged = engaged
),

followed as (
    select *, lag(segment) over (partition by person order by n) as previous_segment
    from mapped
),

stays as (
    select
        *,
        max(if(segment is distinct from previous_segment, period_end, null)) over (
            partition by person order by n
        ) as entered
    from followed
)

select
    profile_id, segment, previous_segment, reason as out_of_base_reason,
    r::int as recency_score, f::int as frequency_score, m::int as monetary_score,
    period_end - last_on as recency_days, orders as order_count, revenue as net_revenue,
    lifetime as lifetime_order_count, is_engaged, is_current, is_full, n, period_end,
    if(segment is not null, entered, null) as entered_on
from stays
inner join (select person, profile_id from numbered) using (person)
where segment is not null or previous_segment is not null or is_current;

create table segment_transitions as
with

counted as (
    select
        period_end, coalesce(previous_segment, 'outside') as from_segment,
        coalesce(segment, 'outside') as to_segment, is_full, is_current, count(*) as customers
    from segment_membership
    where coalesce(segment, previous_segment) is not null
    group by all
)

select
    *,
    if(
        from_segment = 'outside', null,
        customers / sum(customers) over (partition by period_end, from_segment)
    ) as share_of_from
from counted;

create table lifecycle_distribution as
with

filled as (
    select
        s.segment, s.stage, segment_order, p.period_end, p.is_full, p.is_current,
        count(m.segment) as customers
    from periods as p
    cross join read_csv(getvariable('project') || '/seeds/segments.csv') as s
    left join segment_membership as m on p.period_end = m.period_end and s.segment = m.segment
    group by all
),

shared as (
    select *, customers / sum(customers) over (partition by period_end) as share from filled
),

changed as (
    select
        *, if(is_full, share - lag(share) over (partition by segment order by period_end), null) as change
    from shared
)

select
    *,
    if(
        count(change) over earlier >= 6,
        (change - avg(change) over earlier)
        / nullif(stddev_samp(change) over earlier * sqrt(1 + 1 / count(change) over earlier), 0),
        null
    ) as z_score
from changed
window earlier as (partition by segment order by period_end rows between 12 preceding and 1 preceding);

create table customer_profiles as
with

bought as (
    select
        profile_id, count(*) as order_count, sum(net_revenue) as net_revenue,
        sum(gross_margin) as gross_margin,
        max(ordered_on) as last_purchased_on, min(ordered_on) as acquired_on,
        arg_min(
            if(order_source = 'pos', 'store', coalesce(utm_source, 'direct')), row(ordered_at, order_key)
        ) as acquisition_channel
    from orders
    where is_purchase
    group by profile_id
),

visited as (
    select profile_id, count(*) as session_count, max(visited_on) as last_visited_on
    from visits
    group by profile_id
),

answered as (
    select profile_id, max(occurred_at)::date as last_answered_on
    from answers
    where event_type in ('opened', 'clicked')
    group by profile_id
),

allowed as (
    pivot (
        select
            coalesce(a.profile_id, e.profile_id, p.profile_id) as profile_id, channel, status,
            changed_at
        from consents
        left join owners_by_account as a on customer_id = a.value
        left join owners_by_email as e on email = e.value
        left join owners_by_phone as p on phone = p.value
        where changed_at::date <= (select day from as_of)
        union all
        select profile_id, channel, 'withdrawn', occurred_at
        from answers
        where event_type in ('unsubscribed', 'complained')
    )
    on channel in ('email', 'sms', 'push', 'banner')
    using arg_max(status, row(changed_at, status))
    group by profile_id
)

select
    people.* exclude (contact_known_on),
    segment, out_of_base_reason, recency_score, frequency_score, monetary_score, recency_days, is_engaged,
    acquisition_channel, acquired_on,
    allowed.email as email_consent, allowed.sms as sms_consent, allowed.push as push_consent,
    allowed.banner as banner_consent,
    coalesce(bought.order_count, 0) as order_count, coalesce(bought.net_revenue, 0) as net_revenue,
    coalesce(bought.gross_margin, 0) as gross_margin, last_purchased_on,
    coalesce(session_count, 0) as session_count, last_visited_on, last_answered_on
from people
inner join (from segment_membership where is_current) as m using (profile_id)
left join bought using (profile_id)
left join visited using (profile_id)
left join answered using (profile_id)
left join allowed using (profile_id);
