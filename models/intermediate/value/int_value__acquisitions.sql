{% set reasons = ['identity', 'orders', 'accounts'] %}
{{ carried_on('profile_id', by=reasons) }}

{# Which purchase counted as a buyer's first, and for how long. When it was cancelled or sent back, the next
   one took its place, as of that day. #}
with

versions as (

    select * from {{ touched_purchases(ref('int_purchases__versions'), by=reasons) }}

),

facts as (

    select * from {{ made_rows(ref('int_value__purchase_facts'), 'profile_id', by=reasons) }}

),

profiles as (

    select * from {{ touched_rows(ref('int_profiles'), 'profile_id', by=reasons) }}

),

{# From when to when each order was a purchase: its versions follow each other without a gap. #}
purchases as (

    select
        order_key,
        profile_id,
        min(purchased_on) as purchased_on,
        min(purchased_at) as purchased_at,
        min(seen_on) as seen_from,
        max(coalesce(next_seen_on, date '9999-12-31')) as seen_until
    from versions
    group by order_key, profile_id

),

{# A purchase can be the first only when all that came before it have been undone. #}
ranked as (

    select
        purchases.*,
        max(purchases.seen_until) over (
            partition by purchases.profile_id
            order by purchases.purchased_at, purchases.order_key
            rows between unbounded preceding and 1 preceding
        ) as earlier_ones_undone_on
    from purchases

),

first_ones as (

    select
        *,
        greatest(seen_from, coalesce(earlier_ones_undone_on, seen_from)) as first_from
    from ranked
    where coalesce(earlier_ones_undone_on < seen_until, true)

)

select

    ---------- ids
    first_ones.order_key,
    first_ones.profile_id,

    ---------- strings
    facts.channel as acquisition_channel,
    coalesce(profiles.country, 'unknown') as country,

    ---------- numerics
    cast(extract(year from first_ones.purchased_on) as integer) as acquisition_year,

    ---------- dates
    first_ones.purchased_on as acquired_on,
    first_ones.first_from as seen_on,
    case when first_ones.seen_until < date '9999-12-31' then first_ones.seen_until end as next_seen_on

from first_ones
inner join facts on first_ones.order_key = facts.order_key
inner join profiles on first_ones.profile_id = profiles.profile_id
