-- Raw files as clean tables: cast, trimmed, one row per key. What cannot be used is dropped, and nobody is
-- told how much or why: no quarantine, no audit, no contract. Columns that no table of this directory needs
-- are left behind, and so are survey answers' scores, products' names, ads and campaigns. Optional values
-- that do not cast become null; `lifecycle` refuses such a record.
create macro no_word(x) as lower(trim(x)) in (
    '', '-', 'null', 'none', 'nil', 'nan', 'na', 'n/a', '#n/a', 'undefined', '(not set)'
);
create macro clean_id(x) as case when not no_word(x) then trim(x) end;
create macro clean_word(x) as lower(nullif(trim(x), ''));
create macro clean_email(x) as case
    when regexp_matches(lower(trim(x)), '^[^@ ,;]+@[^@ ,;]+[.][^@ ,;.]+$') then lower(trim(x))
end;
create macro digits(x) as regexp_replace(x, '[^0-9]', '', 'g');
-- Numbers without a country code are German in the demo.
create macro clean_phone(x) as case
    when length(digits(x)) not between 7 and 15 then null
    when trim(x) like '+%' then '+' || regexp_replace(x, '[(]0[)]|[^0-9]', '', 'g')
    when trim(x) like '00%' then '+' || substr(digits(x), 3)
    when digits(x) like '0%' then '+49' || substr(digits(x), 2)
    else '+49' || digits(x)
end;
create macro plausible(happened, arrived) as coalesce(
    happened >= timestamp '1990-01-01' and happened <= arrived + interval 1 day, true
);

create table rates as
with

clean as (
    select
        upper(trim(currency)) as currency,
        try_cast(rate_date as date) as rate_date,
        try_cast(rate_to_reporting as decimal(18, 8)) as rate
    from read_csv(getvariable('raw') || '/finance/exchange_rates.csv', all_varchar = true)
    where try_cast(rate_to_reporting as decimal(18, 8)) > 0 and try_cast(rate_date as date) is not null
    qualify row_number() over (
        partition by upper(trim(currency)), try_cast(rate_date as date) order by _loaded_at desc
    ) = 1
)

select
    *,
    least(rate_date + 8, lead(rate_date) over (partition by currency order by rate_date))::date as valid_until
from clean;

create table shop_orders as
with

clean as (
    select
        clean_id(order_id) as order_id,
        clean_id(customer_id) as customer_id,
        clean_id(loyalty_card_id) as loyalty_card_id,
        clean_email(email) as email,
        clean_phone(phone) as phone,
        clean_id(anonymous_id) as anonymous_id,
        clean_word(status) as status,
        coalesce(clean_word(channel), 'online') as channel,
        coalesce(upper(nullif(trim(currency), '')), 'EUR') as currency,
        nullif(trim(discount_code), '') as discount_code,
        clean_word(utm_source) as utm_source,
        clean_word(utm_medium) as utm_medium,
        nullif(trim(utm_campaign), '') as utm_campaign,
        try_cast(total_amount as decimal(18, 2)) as total_amount,
        coalesce(try_cast(discount_amount as decimal(18, 2)), 0) as discount_amount,
        coalesce(try_cast(shipping_amount as decimal(18, 2)), 0) as shipping_amount,
        coalesce(try_cast(tax_amount as decimal(18, 2)), 0) as tax_amount,
        coalesce(try_cast(is_test as boolean), false) as is_test,
        try_cast(ordered_at as timestamp) as ordered_at,
        try_cast(cancelled_at as timestamp) as cancelled_at,
        try_cast(_loaded_at as timestamp) as arrived_at
    from read_parquet(getvariable('raw') || '/shop/orders/*.parquet', union_by_name = true)
)

select clean.* exclude (arrived_at), if(clean.currency = 'EUR', 1, rate)::decimal(18, 8) as rate_to_reporting
from clean
left join rates
    on clean.currency = rates.currency and ordered_at::date >= rate_date and ordered_at::date < valid_until
where
    order_id is not null and ordered_at is not null and total_amount >= 0
    and plausible(ordered_at, arrived_at) and plausible(cancelled_at, arrived_at)
    and rate_to_reporting is not null
qualify row_number() over (partition by order_id order by arrived_at desc) = 1;

create table receipts as
with

clean as (
    select
        clean_id(receipt_id) as receipt_id,
        clean_id(store_id) as store_id,
        clean_id(loyalty_card_id) as loyalty_card_id,
        clean_id(return_of_receipt_id) as return_of_receipt_id,
        clean_email(email) as email,
        clean_phone(phone) as phone,
        coalesce(upper(nullif(trim(currency), '')), 'EUR') as currency,
        total_amount,
        coalesce(discount_amount, 0) as discount_amount,
        coalesce(tax_amount, 0) as tax_amount,
        sold_at,
        _loaded_at as arrived_at
    from read_parquet(getvariable('raw') || '/pos/receipts.parquet')
),

priced as (
    select clean.*, if(clean.currency = 'EUR', 1, rate)::decimal(18, 8) as rate_to_reporting
    from clean
    left join rates
        on clean.currency = rates.currency and sold_at::date >= rate_date and sold_at::date < valid_until
    where
        receipt_id is not null and sold_at is not null and total_amount is not null
        and (return_of_receipt_id is not null or total_amount >= 0)
        and plausible(sold_at, arrived_at) and rate_to_reporting is not null
)

select * exclude (arrived_at)
from priced
where
    return_of_receipt_id is null
    or return_of_receipt_id in (select receipt_id from priced where return_of_receipt_id is null)
qualify row_number() over (partition by receipt_id order by arrived_at desc) = 1;

create table lines as
select
    'shop:' || clean_id(order_id) as order_key, clean_id(order_line_id) as line_id,
    * exclude (order_line_id, order_id)
from read_parquet(getvariable('raw') || '/shop/order_lines.parquet')
where
    clean_id(order_line_id) is not null and quantity is not null
    and unit_price >= 0 and coalesce(unit_cost >= 0, true) and coalesce(discount_amount >= 0, true)
    and clean_id(order_id) in (select order_id from shop_orders)
qualify row_number() over (partition by clean_id(order_line_id) order by _loaded_at desc) = 1;

insert into lines by name
select
    'pos:' || clean_id(receipt_id) as order_key, 'pos:' || clean_id(receipt_line_id) as line_id,
    * exclude (receipt_line_id, receipt_id)
from read_parquet(getvariable('raw') || '/pos/receipt_lines.parquet')
where
    clean_id(receipt_line_id) is not null and quantity is not null
    and unit_price >= 0 and coalesce(unit_cost >= 0, true) and coalesce(discount_amount >= 0, true)
    and clean_id(receipt_id) in (select receipt_id from receipts)
qualify row_number() over (partition by clean_id(receipt_line_id) order by _loaded_at desc) = 1;

create table refunds as
select
    clean_id(refund_id) as refund_id,
    clean_id(order_id) as order_id,
    clean_id(order_line_id) as line_id,
    try_cast(amount as decimal(18, 2)) as amount,
    try_cast(quantity as decimal(18, 3)) as quantity,
    try_cast(refunded_at as timestamp) as refunded_at
from read_csv(getvariable('raw') || '/shop/refunds.csv', all_varchar = true)
where
    clean_id(refund_id) is not null and try_cast(amount as decimal(18, 2)) >= 0
    and try_cast(refunded_at as timestamp) is not null
    and plausible(try_cast(refunded_at as timestamp), _loaded_at::timestamp)
    and clean_id(order_id) in (select order_id from shop_orders)
qualify row_number() over (partition by clean_id(refund_id) order by _loaded_at desc) = 1;

create table customers as
select
    clean_id(customer_id) as customer_id,
    clean_email(email) as email,
    clean_phone(phone) as phone,
    upper(nullif(trim(country), '')) as country,
    coalesce(is_test, false) as is_test,
    birth_date,
    created_at
from read_parquet(getvariable('raw') || '/shop/customers.parquet')
where clean_id(customer_id) is not null and plausible(created_at, _loaded_at)
qualify row_number() over (partition by clean_id(customer_id) order by _loaded_at desc) = 1;

create table products as
select clean_id(product_id) as product_id, try_cast(unit_cost as decimal(18, 4)) as unit_cost
from read_csv(getvariable('raw') || '/shop/products.csv', all_varchar = true)
where
    clean_id(product_id) is not null
    and coalesce(try_cast(unit_cost as decimal(18, 4)) >= 0, true)
    and coalesce(try_cast(price as decimal(18, 4)) >= 0, nullif(trim(price), '') is null)
qualify row_number() over (partition by clean_id(product_id) order by _loaded_at desc) = 1;

create table members as
select
    clean_id(loyalty_card_id) as loyalty_card_id,
    clean_id(customer_id) as customer_id,
    clean_email(email) as email,
    clean_phone(phone) as phone,
    joined_at
from read_parquet(getvariable('raw') || '/pos/loyalty_members.parquet')
where clean_id(loyalty_card_id) is not null and joined_at is not null and plausible(joined_at, _loaded_at)
qualify row_number() over (partition by clean_id(loyalty_card_id) order by _loaded_at desc) = 1;

-- Of millions of events few come twice: only these are ranked.
create table events as
select
    clean_id(event_id) as event_id,
    clean_id(anonymous_id) as anonymous_id,
    clean_id(customer_id) as customer_id,
    clean_email(email) as email,
    coalesce(nullif(trim(utm_source), ''), nullif(trim(utm_medium), ''), nullif(trim(utm_campaign), ''))
    is not null
    or coalesce(regexp_matches(page_url, '[?&](gclid|fbclid|msclkid|yclid|utm_[a-z]+)='), false)
        as is_prompted,
    coalesce(is_bot, false) as is_bot,
    occurred_at,
    _loaded_at as arrived_at
from read_parquet(getvariable('raw') || '/web/events/*.parquet')
where
    clean_id(event_id) is not null and clean_word(event_type) is not null and occurred_at is not null
    and plausible(occurred_at, _loaded_at)
    and coalesce(clean_id(anonymous_id), clean_id(customer_id), clean_email(email)) is not null;

create table messages as
select
    clean_id(event_id) as event_id,
    clean_word(channel) as channel,
    clean_word(event_type) as event_type,
    clean_id(customer_id) as customer_id,
    clean_email(email) as email,
    clean_phone(phone) as phone,
    occurred_at,
    _loaded_at as arrived_at
from read_parquet(getvariable('raw') || '/messaging/events.parquet')
where
    clean_id(event_id) is not null and clean_id(message_id) is not null and occurred_at is not null
    and clean_word(channel) in ('email', 'sms', 'push', 'banner')
    and clean_word(event_type)
    in ('sent', 'delivered', 'opened', 'clicked', 'bounced', 'complained', 'unsubscribed')
    and plausible(occurred_at, _loaded_at)
    and coalesce(clean_id(customer_id), clean_email(email), clean_phone(phone)) is not null;

create temp table late_events as
select rowid as late_row
from events
where event_id in (select event_id from events group by event_id having count(*) > 1)
qualify row_number() over (partition by event_id order by arrived_at desc) > 1;

delete from events where rowid in (select late_row from late_events);

create temp table late_messages as
select rowid as late_row
from messages
where event_id in (select event_id from messages group by event_id having count(*) > 1)
qualify row_number() over (partition by event_id order by arrived_at desc) > 1;

delete from messages where rowid in (select late_row from late_messages);

create table consents as
select
    clean_id(consent_id) as consent_id,
    clean_word(channel) as channel,
    clean_word(status) as status,
    clean_id(customer_id) as customer_id,
    clean_email(email) as email,
    clean_phone(phone) as phone,
    try_cast(changed_at as timestamp) as changed_at
from read_csv(getvariable('raw') || '/messaging/consents/*.csv', all_varchar = true, union_by_name = true)
where
    clean_id(consent_id) is not null and clean_word(status) in ('granted', 'withdrawn')
    and clean_word(channel) in ('email', 'sms', 'push', 'banner')
    and try_cast(changed_at as timestamp) is not null
    and plausible(try_cast(changed_at as timestamp), _loaded_at::timestamp)
    and coalesce(clean_id(customer_id), clean_email(email), clean_phone(phone)) is not null
qualify row_number() over (partition by clean_id(consent_id) order by _loaded_at desc) = 1;

create table assignments as
select
    clean_id(customer_id) as customer_id, clean_email(email) as email, clean_phone(phone) as phone,
    clean_id(anonymous_id) as anonymous_id, assigned_at
from read_parquet(getvariable('raw') || '/experiments/assignments.parquet')
where
    clean_id(experiment_id) is not null and nullif(trim(arm), '') is not null and assigned_at is not null
    and plausible(assigned_at, _loaded_at)
qualify row_number() over (
    partition by
        clean_id(experiment_id), clean_id(customer_id), clean_email(email), clean_phone(phone),
        clean_id(anonymous_id)
    order by _loaded_at desc
) = 1;

create table responses as
select
    clean_id(customer_id) as customer_id, clean_email(email) as email,
    try_cast(responded_at as timestamp) as responded_at
from read_csv(getvariable('raw') || '/survey/nps_responses.csv', all_varchar = true)
where
    clean_id(response_id) is not null and try_cast(score as double) between 0 and 10
    and try_cast(responded_at as timestamp) is not null
    and plausible(try_cast(responded_at as timestamp), _loaded_at::timestamp)
qualify row_number() over (partition by clean_id(response_id) order by _loaded_at desc) = 1;

create table requests as
select clean_id(customer_id) as customer_id, clean_email(email) as email, clean_phone(phone) as phone
from read_parquet(getvariable('raw') || '/privacy/erasure_requests.parquet')
where clean_id(request_id) is not null and requested_at is not null and plausible(requested_at, _loaded_at);

create table as_of as
select max(day) as day
from (
    select max(ordered_at)::date as day from shop_orders
    union all select max(sold_at)::date from receipts
    union all select max(occurred_at)::date from events
    union all select max(occurred_at)::date from messages
);
