create table survey.nps_responses as
select
    person,
    'N' || n as response_id,
    sold_at + days(4 + 10 * u('asked', n)) as responded_at,
    -- Those who are likelier to leave are less content.
    cast(greatest(0, least(10, round(
        9.0 - 6 * dropout_probability + 2.4 * (u('mood', n) + u('day', n) - 1)))) as int) as score,
    case when is_member then customer(person) end as customer_id,
    case when has_address or not is_online then styled_email(people.email, n) end as email,
    case when not is_online then 'store'
        else pick(['delivery', 'delivery', 'support'], 'touchpoint', n) end as touchpoint,
    case when score <= 6 and u('says', n) < 0.5
        then pick(['Too slow', 'Box was damaged', 'Too dear'], 'words', n)
        when score >= 9 and u('says', n) < 0.3
        then pick(['Lovely coffee!', 'Quick and friendly'], 'words', n) end as comment,
    arrival(responded_at, 'survey', n) as _loaded_at
from tills inner join people using (person)
where outcome = 'kept' and u('answers', n) < if(is_online, 0.1, 0.03)
    and responded_at < getvariable('end');

create table ads.spend as
select
    null as person,
    cast(time_of(day) as date) as spend_date,
    channel,
    -- Grows with the shop: so much per buyer and day, over all its history.
    round(cost_per_buyer * getvariable('buyers') / getvariable('days')
        * (0.6 + 0.8 * day / getvariable('days')) * (0.7 + 0.6 * u('spend ' || coalesce(campaign, ''), day)), 2) as cost,
    campaign,
    currency,
    cast(cost * 1000 / price_per_thousand as bigint) as impressions,
    cast(impressions * 0.02 as bigint) as clicks,
    cast(spend_date + interval 30 hour as timestamp) as _loaded_at
from range(getvariable('days')) as days (day), (values
    ('google', 'google_brand', 'EUR', 1.5, 12), ('google', 'google_shopping', 'EUR', 4.5, 8),
    ('facebook', 'facebook_prospecting', 'GBP', 3.0, 6), ('facebook', 'facebook_retargeting', null, 1.2, 7),
    ('affiliate', 'affiliate_partners', 'EUR', 1.0, 10), ('newsletter', null, 'EUR', 0.3, 2)
) as campaigns (channel, campaign, currency, cost_per_buyer, price_per_thousand);

create table finance.exchange_rates as
select
    null as person,
    cast(rate_day as date) as rate_date,
    currency,
    mean_rate * (1 + 0.03 * sin(epoch(rate_day) / 86400 / 64)
        + 0.006 * u('rate ' || currency, epoch(rate_day))) as rate_to_reporting,
    rate_day + interval 16 hour as _loaded_at
-- From a week before the first order, which may fall on a weekend.
from
    range(getvariable('start') - interval 7 day, getvariable('end'), interval 1 day) as days (rate_day),
    currencies
where isodow(rate_day) < 6 and currency != 'EUR';

create table experiments.assignments as
select
    person,
    'reactivation_voucher' as experiment_id,
    arm,
    time_of(getvariable('experiment_day')) as assigned_at,
    case when created_at < assigned_at then customer(person) end as customer_id,
    case when customer_id is null then people.email end as email,
    cast(null as varchar) as phone,
    cast(null as varchar) as anonymous_id,
    assigned_at + interval 1 hour as _loaded_at
from people left join accounts using (person) where arm is not null
union all
-- An A/A test on devices: its arms differ in nothing.
select
    min(person), 'checkout_copy', pick(['a', 'b'], 'copy', hash(anonymous_id)),
    min(started_at), null, null, null, anonymous_id, min(started_at) + interval 2 hour
from visits
where copy = 0 and course_id not in (select course_id from courses where kind = 'bot')
    and started_at >= time_of(getvariable('experiment_day'))
    and started_at < time_of(getvariable('experiment_day') + 30)
group by anonymous_id;

create table privacy.erasure_requests as
select
    person,
    'Q' || person as request_id,
    time_of(getvariable('days') - 20 * u('asks', person)) as requested_at,
    customer(person) as customer_id,
    case when u('request mail', person) < 0.7 then people.email end as email,
    cast(null as varchar) as phone,
    arrival(requested_at, 'request', person) as _loaded_at
from people inner join accounts using (person)
where left_at is not null
order by bits('forget', person)
limit getvariable('erasures');
