{% set reasons = ['identity', 'orders', 'accounts'] %}
{{ carried_on('profile_id', by=reasons) }}

{# How, when and where each buyer was acquired: what stood behind the first purchase. #}
with

purchases as (

    select * from {{ ref('int_purchases') }}
    where {{ is_touched('profile_id', by=reasons) }}

),

profiles as (

    select * from {{ touched_rows(ref('int_profiles'), 'profile_id', by=reasons) }}

),

ranked as (

    select
        purchases.*,
        row_number() over (
            partition by purchases.profile_id
            order by purchases.purchased_at, purchases.order_key
        ) as purchase_rank
    from purchases

)

select
    ranked.profile_id,
    case
        when ranked.order_source = 'pos' then 'store'
        else coalesce(ranked.utm_source, 'direct')
    end as acquisition_channel,
    cast(extract(year from ranked.purchased_on) as integer) as acquisition_year,
    profiles.country,
    ranked.purchased_on as acquired_on
from ranked
inner join profiles on ranked.profile_id = profiles.profile_id
where
    ranked.purchase_rank = 1
    and not profiles.is_test
