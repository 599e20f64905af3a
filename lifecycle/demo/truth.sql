create table truth.people as
select
    'person-' || person as person_id,
    kind,
    joined_at,
    email,
    second_email,
    phone,
    devices[1] as main_device,
    purchase_rate_per_week,
    dropout_probability,
    left_at,
    case when kind = 'buyer' then left_at is null end as is_alive,
    purchases,
    expected_purchases_365_days,
    mean_spend
from people left join (select person, count(*) as purchases from purchases group by person) using (person);

-- Receipts that take goods back are no orders; what comes back whole was no purchase.
create table truth.orders as
select
    if(is_online, 'shop', 'pos') as source,
    if(is_online, shop_order(n), receipt(n)) as order_id,
    'person-' || person as person_id,
    sold_at,
    outcome,
    outcome = 'kept' as is_purchase
from tills;

create table truth.experiments as
select
    'reactivation_voucher' as experiment_id, arm, time_of(getvariable('experiment_day')) as starts_at,
    time_of(getvariable('experiment_day') + getvariable('experiment_length')) as ends_at,
    if(arm = 'voucher', getvariable('multiplier'), 1) as purchase_rate_multiplier,
    count(*) as assigned
from people where arm is not null group by arm
union all
select
    'checkout_copy', arm, time_of(getvariable('experiment_day')),
    time_of(getvariable('experiment_day') + 30), 1, count(*)
from experiments.assignments where experiment_id = 'checkout_copy' group by arm;

create table truth.parameters as select name, value from drawn_parameters;

-- These are filled as the tables are written. A value stands here as it is written.
create table written_identifiers (identifier_type varchar, value varchar, person_id varchar);
create table truth.broken_records (table_name varchar, record_key varchar, kind varchar);
