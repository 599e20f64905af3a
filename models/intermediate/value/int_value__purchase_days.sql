{{ carried_on('profile_id') }}

{# Several purchases of one day are one event of the models: days are the finest clock that all sources
   share. #}
with

purchases as (

    select * from {{ ref('int_purchases') }}
    where {{ is_touched('profile_id') }}

),

profiles as (

    select * from {{ ref('int_profiles') }}

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
inner join profiles on purchases.profile_id = profiles.profile_id
cross join as_of
where
    not profiles.is_test
    and purchases.purchased_on <= as_of.as_of_date
group by purchases.profile_id, purchases.purchased_on
