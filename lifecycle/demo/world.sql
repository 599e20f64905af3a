-- Draws. Each is a function of the seed, a topic and a number: no value depends on another, on the
-- order of the rows or on the number of threads.
create macro bits(topic, i) as
    cast(hash(xor(hash(topic || getvariable('seed')), cast(i as ubigint))) >> 1 as bigint);
-- Uniform in [0, 1), of the 53 bits that a double holds.
create macro u(topic, i) as (bits(topic, i) >> 10) / 9007199254740992;
create macro pick(choices, topic, i) as choices[1 + bits(topic, i) % len(choices)];

create macro seconds(amount) as to_seconds(cast(floor(amount) as bigint));
create macro days(amount) as seconds(86400 * amount);
create macro time_of(day) as getvariable('start') + days(day);
-- What follows a sale follows it before the history ends.
create macro in_history(moment) as least(moment, getvariable('end') - interval 1 second);
create macro money(cents) as cast(cents as decimal(18, 0)) * 0.01;
-- Arrival: within six hours; one record in 200 is late by two to nine days.
create macro arrival(happened_at, topic, i) as
    happened_at + seconds(300 + 21000 * u(topic || ' arrival', i))
    + days(case when u(topic || ' late', i) < 0.005 then 2 + 7 * u(topic || ' delay', i) else 0 end);
-- One record in 100 is delivered twice: every other one later, the rest identical to the last byte.
create macro deliveries(topic, i) as range(1 + cast(u(topic || ' again', i) < 0.01 as int));
create macro is_revised(topic, i) as u(topic || ' again', i) < 0.005;
create macro redelivery(copy, topic, i) as
    days(case when copy = 1 and is_revised(topic, i) then 0.1 + 3 * u(topic || ' gap', i) else 0 end);

create macro first_name(person) as pick([
    'Anna', 'Bruno', 'Clara', 'David', 'Elena', 'Felix', 'Greta', 'Hugo', 'Ida', 'Jonas', 'Katja', 'Leon',
    'Marta', 'Nils', 'Olga', 'Paul', 'Rosa', 'Simon', 'Tara', 'Urs', 'Vera', 'Willem', 'Xenia', 'Yann'
], 'first name', person);
create macro last_name(person) as pick([
    'Adler', 'Bauer', 'Conrad', 'Dumont', 'Ebner', 'Fischer', 'Graf', 'Huber', 'Iversen', 'Jansen', 'Keller',
    'Lang', 'Moser', 'Novak', 'Olsen', 'Peters', 'Richter', 'Schmid', 'Turner', 'Ulrich', 'Vogel', 'Weber'
], 'last name', person);
create macro domain(topic, person) as
    pick(['@example.com', '@example.org', '@example.net', '@mail.example', '@post.example'], topic, person);
create macro device(person, which) as 'd' || bits('device', 4 * person + which);
create macro used_device(devices, topic, i) as
    devices[least(len(devices), case when u(topic, i) < 0.65 then 1 when u(topic, i) < 0.9 then 2 else 3 end)];
create macro customer(person) as 'C' || (100000 + person);
create macro card(person) as 'L' || (7000000 + 7 * person);
create macro product(number) as 'P' || right('00' || (1 + number), 3);
create macro shop_order(n) as 'S' || (1000000 + n);
create macro receipt(n) as 'R' || (1000000 + n);

-- How they are written: in other cases, spacing and formats, and one address in 100 mistyped.
create macro styled_email(email, i) as case
    when u('case', i) < 0.08 then upper(email)
    when u('case', i) < 0.14 then upper(left(email, 1)) || substr(email, 2)
    when u('case', i) < 0.17 then ' ' || email || '  '
    else email end;
create macro typed_email(email, i) as
    styled_email(case when u('typo', i) < 0.01 then left(email, 1) || substr(email, 3) else email end, i);
create macro typed_phone(phone, i) as case
    when u('format', i) < 0.5 then phone
    when u('format', i) < 0.65 then '00' || substr(phone, 2)
    when u('format', i) < 0.8 then left(phone, 3) || ' ' || substr(phone, 4, 3) || ' ' || substr(phone, 7)
    when phone like '+49%' then '0' || substr(phone, 4, 3) || '/' || substr(phone, 7)
    else phone end;

-- Everyone, with identifiers that the person's number keeps apart.
create table people as
with located as (
    select
        *,
        pick([
            'DE', 'DE', 'DE', 'DE', 'DE', 'DE', 'DE', 'DE', 'DE', 'DE', 'DE', 'DE', 'DE', 'DE',
            'AT', 'AT', 'FR', 'NL', 'GB', 'CH'
        ], 'country', person) as country,
        -- Two buyers in 100 live in a household whose main device both use.
        case when person % 2 = 1 and person < getvariable('buyers') and u('household', person // 2) < 0.02
            then person - 1 else person end as device_owner
    from drawn_people
)
select
    person,
    kind,
    time_of(joined) as joined_at,
    -- NaN is NumPy's way to say null; a buyer without it has not left.
    time_of(nullif(left_day, 'nan')) as left_at,
    nullif(purchase_rate_per_week, 'nan') as purchase_rate_per_week,
    nullif(dropout_probability, 'nan') as dropout_probability,
    nullif(mean_spend, 'nan') as mean_spend,
    nullif(expected_purchases_365_days, 'nan') as expected_purchases_365_days,
    online_share,
    nullif(arm, '') as arm,
    country,
    lower(first_name(person) || '.' || last_name(person)) || person || domain('domain', person) as email,
    case when u('second', person) < 0.25
        then lower(left(first_name(person), 1) || last_name(person))
            || person || domain('second domain', person) end as second_email,
    case country when 'DE' then '+49150' when 'AT' then '+43660' when 'FR' then '+336'
        when 'NL' then '+316' when 'GB' then '+4477' else '+417' end
        || (10000000 + (7919 * person) % 89999999) as phone,
    [device(device_owner, 0), device(person, 1), device(person, 2)][:1 + bits('devices', person) % 3] as devices
from located;

create table purchases as
select purchase, person, time_of(day) as sold_at, spend from drawn_purchases;

-- What a euro of the price list is in other currencies, and how their rate moves about its mean.
create table currencies as
from (values
    ('EUR', null, 1.0), ('GBP', 1.165, 0.88), ('CHF', 1.055, 0.98)
) as currencies (currency, mean_rate, price_factor);
