{{ carried_on('profile_number') }}

{# What is known of each purchase beside its money, and stays so whatever becomes of it: which channel brought
   it, whether the buyer came by himself, whether he paid the full price. What nobody recorded is null. #}
with

test_accounts as (

    select profile_id from {{ ref('int_profiles') }}
    where is_test

),

told as (

    select * from {{ ref('int_value__discounts_told') }}

),

{# An order that is no purchase on its day never is one. #}
purchases as (

    select
        order_key,
        profile_id,
        {{ number_of('profile_id') }} as profile_number,
        order_source,
        utm_source,
        utm_medium,
        utm_campaign,
        is_discounted,
        purchased_on,
        purchased_at
    from {{ touched_purchases(ref('int_purchases__versions')) }}
    where
        seen_on = purchased_on
        and profile_id not in (select test_accounts.profile_id from test_accounts)

),

{# Of buyers alone, and of few of them where facts are carried on. #}
visits as (

    select
        profile_number,
        is_unprompted,
        started_at,
        ended_at
    from {{ ref('int_profiles__visits') }}
    where
        profile_number in (
            select purchases.profile_number
            from purchases
            where
                purchases.order_source = 'shop'
                and {{ is_one_of_few('purchases.profile_number') }}
        )

),

{# Purchases and visits of a buyer in one line of time: one comes out of the last visit that had begun; of
   those that began together, of the one that ended last. #}
moments as (

    select
        profile_number,
        cast(null as string) as order_key,
        0 as is_order,
        is_unprompted,
        started_at as happened_at,
        ended_at
    from visits

    union all

    select
        profile_number,
        order_key,
        1 as is_order,
        coalesce(utm_source, utm_medium, utm_campaign) is null as is_unprompted,
        purchased_at as happened_at,
        cast(null as timestamp) as ended_at
    from purchases
    where order_source = 'shop'

),

numbered as (

    select
        *,
        sum(1 - is_order) over (
            partition by profile_number
            order by happened_at, is_order, ended_at, is_unprompted
            rows between unbounded preceding and current row
        ) as visit_number
    from moments

),

{# Half an hour after its last event a visit is over, and an order later than that came from elsewhere. #}
traced as (

    select
        numbered.order_key,
        numbered_visits.is_unprompted and numbered.is_unprompted as is_unprompted
    from numbered
    inner join numbered as numbered_visits
        on
            numbered.profile_number = numbered_visits.profile_number
            and numbered.visit_number = numbered_visits.visit_number
            and numbered.is_order = 1
            and numbered_visits.is_order = 0
    where {{ seconds_between('numbered_visits.ended_at', 'numbered.happened_at') }} <= 1800

)

select

    ---------- ids
    purchases.order_key,
    purchases.profile_id,
    purchases.profile_number,

    ---------- strings
    case
        when purchases.order_source = 'pos' then 'store'
        else coalesce(purchases.utm_source, 'direct')
    end as channel,

    ---------- booleans
    traced.is_unprompted,
    case
        when told.told_from <= purchases.purchased_on
            then not coalesce(purchases.is_discounted, false)
    end as is_full_price,

    ---------- builds
    {{ build_number() }} as build_number

from purchases
left join traced on purchases.order_key = traced.order_key
left join told on purchases.order_source = told.order_source
