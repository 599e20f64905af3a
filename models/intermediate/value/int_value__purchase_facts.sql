{{ carried_on('profile_id') }}

{# What is known of each order beside its money, and stays so whatever becomes of it: which channel brought
   it, whether the buyer came by himself, whether he paid the full price. What nobody recorded is null. #}
with

test_accounts as (

    select profile_id from {{ ref('int_profiles') }}
    where is_test

),

discounts as (

    select * from {{ ref('int_orders__discounts') }}

),

told as (

    select * from {{ ref('int_value__discounts_told') }}

),

orders as (

    select
        order_key,
        profile_id,
        order_source,
        utm_source,
        utm_medium,
        utm_campaign,
        ordered_on,
        ordered_at
    from {{ ref('int_orders__placed') }}
    where
        profile_id is not null
        and profile_id not in (select test_accounts.profile_id from test_accounts)
        and {{ is_touched('profile_id') }}

),

{# Orders and visits of a buyer in one line of time: an order comes out of the last visit that had begun. #}
moments as (

    select
        profile_id,
        session_id as moment_id,
        0 as is_order,
        is_unprompted,
        started_at as happened_at,
        ended_at
    from {{ touched_rows(ref('int_profiles__visits'), 'profile_id') }}
    where profile_id in (select orders.profile_id from orders)

    union all

    select
        profile_id,
        order_key as moment_id,
        1 as is_order,
        coalesce(utm_source, utm_medium, utm_campaign) is null as is_unprompted,
        ordered_at as happened_at,
        cast(null as timestamp) as ended_at
    from orders
    where order_source = 'shop'

),

numbered as (

    select
        *,
        sum(1 - is_order) over (
            partition by profile_id
            order by happened_at, is_order, moment_id
            rows between unbounded preceding and current row
        ) as visit_number
    from moments

),

{# Half an hour after its last event a visit is over, and an order later than that came from elsewhere. #}
traced as (

    select
        numbered.moment_id as order_key,
        numbered_visits.is_unprompted and numbered.is_unprompted as is_unprompted
    from numbered
    inner join numbered as numbered_visits
        on
            numbered.profile_id = numbered_visits.profile_id
            and numbered.visit_number = numbered_visits.visit_number
            and numbered.is_order = 1
            and numbered_visits.is_order = 0
    where {{ seconds_between('numbered_visits.ended_at', 'numbered.happened_at') }} <= 1800

)

select

    ---------- ids
    orders.order_key,
    orders.profile_id,

    ---------- strings
    case
        when orders.order_source = 'pos' then 'store'
        else coalesce(orders.utm_source, 'direct')
    end as channel,

    ---------- booleans
    traced.is_unprompted,
    case
        when told.told_from <= orders.ordered_on
            then not coalesce(discounts.is_discounted, false)
    end as is_full_price

from orders
left join traced on orders.order_key = traced.order_key
left join discounts on orders.order_key = discounts.order_key
left join told on orders.order_source = told.order_source
