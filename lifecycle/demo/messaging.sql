create table listeners as
select
    person, created_at, channel, 2 * person + cast(channel = 'sms' as int) as i,
    case channel when 'email' then u('consents', i) < 0.8 else u('consents', i) < 0.3 end as is_granted,
    -- Messages until he has had enough: one in 200 is the last.
    1 + floor(-200 * ln(1 - u('patience', i))) as patience,
    case when u('account named', person) < 0.7 then customer(person) end as customer_id,
    case channel when 'email' then email end as email,
    case channel when 'sms' then phone end as phone
from accounts inner join people using (person), (values ('email'), ('sms')) as channels (channel)
where channel = 'email' or u('account phone', person) < 0.5;

create table messages as
with campaigns as (
    select 'email' as channel, range as campaign, time_of(60 * range) + interval 9 hour as sent_at,
        newsletter(sent_at) as campaign_id
    from range(getvariable('days') // 60)
    union all
    select 'sms', range, time_of(45 + 120 * range) + interval 16 hour, 'flash_sale_' || range
    from range(getvariable('days') // 120)
),
addressed as (
    select
        campaigns.*, person, customer_id, email, phone, 1024 * i + campaign as message,
        row_number() over (partition by person, channel order by campaign) as sent_before,
        sent_before = patience as is_last
    from listeners inner join campaigns using (channel)
    where is_granted and created_at < sent_at
    qualify sent_before <= patience
)
select
    *,
    not is_last and u('bounces', message) < 0.008 as is_bounced,
    case when not is_bounced and channel = 'email'
            and (is_last or u('opens', message) < 0.08 + 0.45 * pow(u('openness', person), 2))
        then sent_at + seconds(120 + 86400 * pow(u('opened', message), 3)) end as opened_at,
    case when is_last or (channel = 'email' and opened_at is not null and u('clicks', message) < 0.13)
            or (channel = 'sms' and not is_bounced and u('clicks', message) < 0.05)
        then coalesce(opened_at, sent_at) + seconds(10 + 300 * u('clicked', message)) end as clicked_at
from addressed;

create table messaging.events as
with happened as (
    select
        *,
        unnest(['sent', if(is_bounced, 'bounced', 'delivered'), 'opened', 'clicked', 'unsubscribed',
            'complained']) as event_type,
        unnest([
            sent_at,
            sent_at + seconds(1 + 50 * u('delay', message)),
            opened_at,
            clicked_at,
            case when is_last then clicked_at + interval 20 second end,
            case when u('complains', message) < 0.003 then opened_at + interval 1 minute end
        ]) as occurred_at,
        unnest(range(6)) as step
    from messages
)
select
    person,
    'M' || (8 * message + step) as event_id,
    'M' || message as message_id,
    channel, event_type, occurred_at, campaign_id,
    case when campaign % 2 = 0 then pick(['a', 'b'], 'variant', message) end as variant,
    customer_id, email, phone,
    case event_type when 'clicked' then 'https://shop.example/campaigns/' || campaign_id end as link_url,
    arrival(occurred_at, 'message', message) + redelivery(copy, 'message', message) as _loaded_at
from (select *, unnest(deliveries('message', message)) as copy from happened)
where occurred_at < getvariable('end');

create table messaging.consents as
with changes as (
    select
        person, channel, customer_id, email, phone, 2 * i as change,
        if(is_granted, 'granted', 'withdrawn') as status, created_at + interval 1 minute as changed_at
    from listeners
    union all
    select
        person, channel, customer_id, email, phone, 2 * (message // 1024) + 1,
        'withdrawn', clicked_at + interval 21 second
    from messages where is_last
)
select
    person,
    'G' || change as consent_id,
    channel, status, changed_at,
    customer_id,
    styled_email(email, change) as email,
    typed_phone(phone, change) as phone,
    arrival(changed_at, 'consent', change) + redelivery(copy, 'consent', change) as _loaded_at
from (select *, unnest(deliveries('consent', change)) as copy from changes)
where changed_at < getvariable('end');
