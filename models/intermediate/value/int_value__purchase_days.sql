{{ carried_on('profile_id') }}

{# Several purchases of one day are one event of the models: days are the finest clock that all sources
   share. #}
with

purchases as (

    select * from {{ ref('int_purchases') }}
    where {{ is_touched('profile_id') }}

),

test_accounts as (

    select profile_id from {{ ref('int_profiles') }}
    where is_test

),

as_of as (

    select * from {{ ref('int_as_of_date') }}

)

select
    purchases.profile_id,
    count(*) as order_count,
    cast(sum(purchases.net_revenue) as decimal(18, 2)) as net_revenue,
    cast(sum(purchases.gross_margin) as decimal(18, 2)) as gross_margin,
    purchases.purchased_on
from purchases
cross join as_of
where
    purchases.purchased_on <= as_of.as_of_date
    and purchases.profile_id not in (select test_accounts.profile_id from test_accounts)
group by purchases.profile_id, purchases.purchased_on
