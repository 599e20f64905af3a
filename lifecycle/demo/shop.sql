create table shop.products as
select
    null as person,
    number as price_step,
    product(number) as product_id,
    brand || ' ' || style || ' ' || category as name,
    category,
    brand,
    -- A geometric ladder of prices, so that a product is found by what is to be spent.
    floor(2 * power(200, number / 239)) + pick([0.99, 0.49, 0.95], 'price end', number) as price,
    case when u('no cost', number) >= 0.05
        then round(price * (0.35 + 0.35 * u('cost', number)), 4) end as unit_cost,
    getvariable('start') as _loaded_at
from (
    select
        range as number,
        pick(['Coffee', 'Tea', 'Chocolate', 'Cups', 'Grinder', 'Gift box'], 'category', range) as category,
        pick(['Alba', 'Brava', 'Corvo', 'Delta', 'Estrela'], 'brand', range) as brand,
        pick(['Classic', 'Dark', 'Fine', 'Grand', 'House', 'Little', 'Morning'], 'style', range) as style
    from range(240)
);

create table sales as
with drawn as (
    select purchase as sale, person, sold_at, spend, 'kept' as outcome from purchases
    union all
    -- Orders that come to nothing are made on top: what stays is exactly what the process drew.
    select
        purchase + getvariable('purchases'), person,
        case outcome when 'refunded' then sold_at + days(1 + 19 * u('bought again', purchase))
            else sold_at - seconds(60 + 36000 * u('bought before', purchase)) end,
        spend, outcome
    from (
        select *, case when u('fate', purchase) < 0.020 then 'cancelled'
            when u('fate', purchase) < 0.027 then 'cancelled, no time'
            when u('fate', purchase) < 0.042 then 'refunded' end as outcome
        from purchases
    )
    where outcome is not null
    union all
    select
        trial + 2 * getvariable('purchases'), person,
        joined_at + seconds(u('trial', trial) * date_diff('second', joined_at, getvariable('end'))),
        10 + 40 * u('trial spend', trial), 'test'
    from people, lateral (select 16 * person + unnest(range(10)) as trial)
    where kind = 'staff'
),
placed as (
    select
        drawn.*,
        kind,
        country,
        u('online', sale) < online_share as is_online
    from drawn inner join people using (person)
    where sold_at >= getvariable('start') and sold_at < getvariable('end')
)
select
    row_number() over (order by sold_at, sale) as n,
    placed.*,
    sold_at = min(sold_at) over (partition by person) as is_first,
    currency,
    price_factor
from placed
inner join currencies
    on currency = case country when 'GB' then 'GBP' when 'CH' then 'CHF' else 'EUR' end
-- Nobody cancels at the till.
where is_online or outcome in ('kept', 'refunded');

create table lines as
with split as (
    select
        *,
        pick([1, 1, 1, 2, 2, 2, 3, 3, 4], 'lines', n) as line_count,
        unnest(range(line_count)) as line
    from sales
),
filled as (
    select
        *,
        8 * n + line as i,
        -- The third line of some orders takes an old purchase back.
        line = 2 and is_online and outcome = 'kept' and u('exchange', n) < 0.02 as is_exchange,
        case when is_exchange then -1 else pick([1, 1, 1, 1, 2, 3], 'quantity', i) end as quantity,
        spend / line_count * case when is_exchange then 0.3 else 0.6 + 0.8 * u('share', i) end as target
    from split
),
priced as (
    select
        filled.*,
        products.product_id,
        cast(round(100 * products.price * price_factor) as bigint) as price_cents,
        products.unit_cost * price_factor as cost
    from filled
    inner join shop.products as products on price_step
        = greatest(0, least(239, cast(round(239 * ln(target / abs(quantity) / 2) / ln(200)) as bigint)))
)
select
    n, line, i, line_count, outcome, is_online, product_id, quantity, price_cents,
    -- Only purchases that stay, and never their first line, so that returns are easily told.
    case when line > 0 and quantity > 0 and outcome = 'kept' and u('reduced', i) < 0.1
        then cast(round(quantity * price_cents * pick([0.1, 0.2, 0.3], 'reduction', i)) as bigint) else 0
    end as discount_cents,
    quantity * price_cents - discount_cents as net_cents,
    case when u('cost known', i) < 0.85
        then round(cost * (0.95 + 0.1 * u('line cost', i)), 4) end as unit_cost
from priced;

create table tills as
with goods as (
    select n, count(*) as line_count, cast(sum(net_cents) as bigint) as goods_cents
    from lines group by n
),
discounted as (
    select
        sales.*, line_count, goods_cents,
        case when outcome != 'kept' then null
            when is_online and is_first and u('welcome', n) < 0.3 then 'WELCOME10'
            when is_online and u('code', n) < 0.1
                then pick(['SUMMER15', 'TEATIME5', 'FRIENDS20'], 'which code', n)
        end as discount_code,
        case when discount_code is not null then cast(regexp_extract(discount_code, '\d+') as int)
            when not is_online and outcome = 'kept' and u('haggled', n) < 0.05 then 10 else 0 end as percent,
        cast(round(goods_cents * percent / 100) as bigint) as discount_cents,
        case when is_online and goods_cents - discount_cents < 5000 then 490 else 0 end as shipping_cents,
        goods_cents - discount_cents + shipping_cents as total_cents
    from sales inner join goods using (n)
)
select
    * exclude (devices),
    -- Included in the total, at 19 %.
    cast(round(total_cents * 19 / 119) as bigint) as tax_cents,
    -- Who the buyer says he is: with an account, as a guest with an address, or neither.
    is_online and (kind = 'staff' or u('guest', n) >= 0.15) as is_member,
    is_online and (u('address', n) < case when is_member then 0.97 else 0.85 end) as has_address,
    case
        when not is_online then null
        -- A tablet in the shops, which everyone uses.
        when u('kiosk', n) < 0.003 then 'kiosk-' || (1 + bits('which kiosk', n) % 3)
        when u('device known', n) < case when is_member then 0.94 else 0.8 end
            then used_device(devices, 'order device', n)
    end as anonymous_id,
    case when anonymous_id is not null then bits('traffic', n) % 20 end as traffic
from discounted inner join (select person, devices from people) as owners using (person);

create table accounts as
select person, min(sold_at) - interval 5 minute as created_at from tills where is_member group by person
union all
select person, joined_at from people where kind = 'registered';

create table cards as
select person, min(sold_at) - interval 3 minute as joined_at
from tills where not is_online and u('card', person) < 0.65 group by person;

-- Where visits come from: a slot each of twenty, direct first.
create table traffic as
select unnest(slots) as traffic, * exclude (slots) from (values
    ([0, 1, 2, 3, 4, 5, 6, 7], null, null, null, null),
    ([8, 9, 10], 'https://search.example/', null, null, null),
    ([11, 12], 'https://search.example/', 'google', 'cpc', 'google_brand'),
    ([13, 14], 'https://search.example/', 'google', 'cpc', 'google_shopping'),
    ([15], 'https://social.example/', 'facebook', 'paid_social', 'facebook_prospecting'),
    ([16], 'https://social.example/', 'facebook', 'paid_social', 'facebook_retargeting'),
    ([17], 'https://partner.example/', 'affiliate', 'affiliate', 'affiliate_partners'),
    ([18, 19], null, 'newsletter', 'email', null)
) as traffic (slots, referrer, utm_source, utm_medium, utm_campaign);
-- Newsletters go out every sixty days; each is a campaign.
create macro newsletter(sent_at) as
    'newsletter_' || lpad(cast(date_diff('day', getvariable('start'), sent_at) // 60 as varchar), 2, '0');

create table shop.orders as
select
    person,
    shop_order(n) as order_id,
    sold_at as ordered_at,
    money(total_cents) as total_amount,
    case when is_member then customer(person) end as customer_id,
    case when has_address then typed_email(case when u('which e-mail', n) < 0.2
        then coalesce(second_email, people.email) else people.email end, n) end as email,
    case when has_address and u('phone given', n) < 0.35 then typed_phone(people.phone, n) end as phone,
    anonymous_id,
    case when is_member and u('card given', n) < 0.1 and cards.joined_at < sold_at
        then card(person) end as loyalty_card_id,
    case when copy = 0 and is_revised('order', n) then 'paid'
        when outcome like 'cancelled%' then 'cancelled'
        when outcome = 'refunded' and u('refund status', n) < 0.5 then 'refunded'
        when u('no status', n) < 0.01 then null
        when u('status', n) < 0.1 then 'shipped'
        when u('status', n) < 0.13 then 'Completed' else 'completed' end as status,
    pick(['web', 'web', 'web', 'app'], 'channel', n) as channel,
    currency,
    money(discount_cents) as discount_amount,
    money(shipping_cents) as shipping_amount,
    money(tax_cents) as tax_amount,
    discount_code,
    utm_source,
    utm_medium,
    case utm_source when 'newsletter' then newsletter(sold_at) else utm_campaign end as utm_campaign,
    case when outcome = 'cancelled' and not (copy = 0 and is_revised('order', n))
        then in_history(sold_at + days(u('cancelled', n))) end as cancelled_at,
    tills.kind = 'staff' as is_test,
    arrival(sold_at, 'order', n) + redelivery(copy, 'order', n) as _loaded_at
from (select *, unnest(deliveries('order', n)) as copy from tills where is_online) as tills
inner join people using (person)
left join cards using (person)
left join traffic using (traffic);

create table shop.order_lines as
select
    person,
    shop_order(n) || '-' || (1 + line) as order_line_id,
    shop_order(n) as order_id,
    quantity,
    money(price_cents) as unit_price,
    product_id,
    case when lines.discount_cents > 0 then money(lines.discount_cents) end as discount_amount,
    unit_cost,
    arrival(sold_at, 'order', n) + redelivery(copy, 'line', i) as _loaded_at
from (select *, unnest(deliveries('line', i)) as copy from lines where is_online) as lines
inner join tills using (n);

create table shop.refunds as
with decided as (
    select
        tills.*,
        case when outcome = 'refunded' then 'whole'
            when line_count > 1 and u('give back', n) < 0.04 then 'line'
            when u('give back', n) < 0.06 then 'part' end as scope
    from tills where is_online and outcome in ('kept', 'refunded')
)
select
    person,
    'F' || (1000000 + n) as refund_id,
    shop_order(n) as order_id,
    in_history(sold_at + days(2 + 12 * u('refunded', n))) as refunded_at,
    money(case scope when 'whole' then total_cents when 'part' then total_cents // 5
        else lines.net_cents * (goods_cents - tills.discount_cents) // goods_cents end) as amount,
    case when scope = 'line' then shop_order(n) || '-1' end as order_line_id,
    case when scope = 'line' then quantity end as quantity,
    arrival(refunded_at, 'refund', n) + redelivery(copy, 'refund', n) as _loaded_at
from (select *, unnest(deliveries('refund', n)) as copy from decided where scope is not null) as tills
inner join (from lines where line = 0) as lines using (n);

create table shop.customers as
select
    person,
    customer(person) as customer_id,
    created_at,
    case when u('no e-mail', person) >= 0.02 then styled_email(people.email, person) end as email,
    case when u('account phone', person) < 0.5 then typed_phone(people.phone, person) end as phone,
    first_name(person) as first_name,
    last_name(person) as last_name,
    case when u('birthday', person) < 0.4
        then date '1950-01-01' + cast(20000 * u('born', person) as int) end as birth_date,
    case country when 'DE' then pick(['Berlin', 'Hamburg', 'Leipzig', 'Mainz'], 'city', person)
        when 'AT' then pick(['Graz', 'Linz', 'Wien'], 'city', person)
        when 'GB' then pick(['Bristol', 'Leeds'], 'city', person)
        when 'FR' then 'Lyon' when 'NL' then 'Utrecht' else 'Basel' end as city,
    cast(10000 + bits('post', person) % 89999 as varchar) as postal_code,
    country,
    kind = 'staff' as is_test,
    arrival(created_at, 'account', person) + redelivery(copy, 'account', person) as _loaded_at
from (select *, unnest(deliveries('account', person)) as copy from accounts)
inner join people using (person);
