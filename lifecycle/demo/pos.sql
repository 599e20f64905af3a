-- A receipt is a sale, or takes a whole sale or its first line back.
create table receipts as
with returned as (
    select
        *,
        case when outcome = 'refunded' then 'whole'
            when line_count > 1 and percent = 0 and u('bring back', n) < 0.05 then 'line' end as scope
    from tills where not is_online
)
select
    * exclude (scope),
    'sale' as scope,
    receipt(n) as receipt_id,
    null as return_of_receipt_id,
    sold_at as printed_at
from returned
union all
select
    *, 'T' || (1000000 + n), receipt(n),
    in_history(sold_at + days(1 + 20 * u('brought back', n)))
from returned where scope is not null;

create table pos.receipt_lines as
select
    person,
    receipt_id || '-' || (1 + line) as receipt_line_id,
    receipt_id,
    case scope when 'sale' then quantity else -quantity end as quantity,
    money(price_cents) as unit_price,
    product_id,
    case when lines.discount_cents > 0 then money(lines.discount_cents) end as discount_amount,
    unit_cost,
    arrival(printed_at, 'receipt', n) + redelivery(copy, 'line', i) as _loaded_at
from receipts
inner join (select *, unnest(deliveries('line', i)) as copy from lines where not is_online) as lines using (n)
where scope != 'line' or line = 0;

create table pos.receipts as
with amounts as (
    select
        receipts.*,
        case scope when 'line' then net_cents else total_cents end as amount_cents,
        -- Tills differ in the sign that they print on a return.
        case when scope != 'sale' and u('sign', n) < 0.5 then -1 else 1 end as sign
    from receipts inner join (from lines where line = 0) as lines using (n)
)
select
    person,
    receipt_id,
    printed_at as sold_at,
    money(sign * amount_cents) as total_amount,
    'store-' || (1 + bits('store', person) % 6) as store_id,
    case when cards.person is not null and u('card shown', n) < 0.8 then card(person) end as loyalty_card_id,
    -- What cashiers type when nobody gives an address or a number.
    case when u('receipt mail', n) < 0.2 then typed_email(people.email, n)
        when u('receipt mail', n) > 0.995 then 'test@example.com' end as email,
    case when u('receipt phone', n) < 0.1 then typed_phone(people.phone, n)
        when u('receipt phone', n) > 0.995 then '0000000000' end as phone,
    case when currency != 'EUR' or u('currency', n) < 0.5 then currency end as currency,
    money(discount_cents) as discount_amount,
    money(sign * cast(round(amount_cents * 19 / 119) as bigint)) as tax_amount,
    return_of_receipt_id,
    arrival(printed_at, 'receipt', n) + redelivery(copy, 'receipt', n) as _loaded_at
from (select *, unnest(deliveries('receipt', n)) as copy from amounts)
inner join people using (person)
left join cards using (person);

create table pos.loyalty_members as
select
    person,
    card(person) as loyalty_card_id,
    cards.joined_at as joined_at,
    case when created_at is not null and u('connected', person) < 0.5
        then customer(person) end as customer_id,
    case when u('member mail', person) < 0.6 then styled_email(people.email, person) end as email,
    case when u('member phone', person) < 0.6 then typed_phone(people.phone, person) end as phone,
    first_name(person) as first_name,
    last_name(person) as last_name,
    arrival(cards.joined_at, 'member', person) as _loaded_at
from cards inner join people using (person) left join accounts using (person);
