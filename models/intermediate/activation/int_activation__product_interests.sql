{% set windows = var('retargeting_window_days') %}
{% set terms = ['day', 'products'] %}
{% set is_touched_person = is_touched_in_activation('profile_id', terms, 'int_profiles__touched') %}
{% set types = ['customer_id', 'email', 'anonymous_id'] %}
{% set names_touched_person = names_touched('events', types) %}
{% set is_narrow = are_terms_kept(terms) %}
{# The day is that of the last finished build, or all is read. #}
{% set told_on = "date '" ~ (last_finished() or {}).as_of_date ~ "'" %}
{% set is_of_touched_person -%}
(
    events.occurred_at > {{ days_before(told_on, windows.values() | max) }}
    and (
        {{ names_touched_person }}
        or events.event_id in (select shared.record_id from shared_device_records as shared)
    )
)
{%- endset %}
{% set is_of_touched_person = is_of_touched_person if is_narrow else 'true' %}
{% set touched_people_bought = touched_purchases(ref('int_purchases')) %}
{{ carried_on_in_activation(terms, 'int_profiles__touched') }}

{# What people looked at or put into the cart on the web of late, and have not bought: carts, products,
   categories, each within its window (`retargeting_window_days`). #}

with

shared_device_records as (

    select
        record_id,
        profile_id
    from {{ ref('int_identity__shared_device_records') }}
    where source_table = 'web.events'

),

events as (

    select events.*
    from {{ ref('stg_web__events') }} as events
    where
        events.product_id is not null
        and events.event_type in ('product_view', 'add_to_cart')
        and not events.is_bot
        and {{ is_of_touched_person }}

),

{% if is_narrow %}
named_identifiers as (

    {{ identifiers_named_by('events', types) }}

),
{% endif %}

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

{# At a device of several people it is whoever was there; else the account tells, the address, the device. The
   time is compared as it is too, wherever on earth the day is: so old events need not be read. #}
looks as (

    select
        case
            when shared_device_records.record_id is not null then shared_device_records.profile_id
            else {{ owner(types) }}
        end as profile_id,
        events.event_id,
        events.event_type,
        events.product_id,
        products.category,
        as_of.as_of_date,
        {{ local_date('events.occurred_at') }} as looked_on,
        events.occurred_at
    from events
    inner join as_of
        on
            {{ local_date('events.occurred_at') }}
            > {{ days_before('as_of.as_of_date', windows.values() | max) }}
            and {{ local_date('events.occurred_at') }} <= as_of.as_of_date
            and events.occurred_at > {{ days_before('as_of.as_of_date', windows.values() | max) }}
    left join {{ ref('stg_shop__products') }} as products on events.product_id = products.product_id
    left join shared_device_records on events.event_id = shared_device_records.record_id
    {{ joined_owners('events', types, 'named_identifiers' if is_narrow else none) }}

),

{# What was bought before the longest window ends nothing in it. #}
purchases as (

    select purchases.*
    from {{ touched_people_bought if is_narrow else ref('int_purchases') }} as purchases
    inner join as_of
        on purchases.purchased_on > {{ days_before('as_of.as_of_date', windows.values() | max) }}

),

lines as (

    select distinct
        lines.order_key,
        lines.product_id
    from {{ ref('int_orders__lines') }} as lines
    where
        lines.product_id is not null
        and lines.quantity > 0
        {% if is_narrow -%}
        and lines.seen_on > {{ days_before(told_on, windows.values() | max) }}
        {% endif -%}
        and {{ is_among_few('lines.order_key', 'purchases') }}

),

bought as (

    select
        purchases.profile_id,
        lines.product_id,
        products.category,
        max(purchases.purchased_on) as last_purchased_on
    from purchases
    inner join lines on purchases.order_key = lines.order_key
    left join {{ ref('stg_shop__products') }} as products on lines.product_id = products.product_id
    group by purchases.profile_id, lines.product_id, products.category

),

bought_categories as (

    select
        profile_id,
        category,
        max(last_purchased_on) as last_purchased_on
    from bought
    where category is not null
    group by profile_id, category

),

{# A purchase ends every cart before it, whatever was in it: what is left out of the order was not wanted,
   and of many orders nobody knows what was in them. #}
last_purchases as (

    select
        profile_id,
        max(purchased_at) as last_purchased_at
    from purchases
    group by profile_id

),

carts as (

    select
        looks.profile_id,
        'cart_left' as interest,
        looks.product_id,
        looks.category,
        count(*) as look_count,
        max(looks.looked_on) as last_looked_on
    from looks
    left join last_purchases on looks.profile_id = last_purchases.profile_id
    left join bought
        on
            looks.profile_id = bought.profile_id
            and looks.product_id = bought.product_id
    where
        looks.event_type = 'add_to_cart'
        and looks.looked_on > {{ days_before('looks.as_of_date', windows.cart_left) }}
        and coalesce(looks.occurred_at > last_purchases.last_purchased_at, true)
        and coalesce(
            bought.last_purchased_on <= {{ days_before('looks.as_of_date', windows.cart_left) }}, true
        )
    group by looks.profile_id, looks.product_id, looks.category

),

{# Whoever looks at what he has just bought wants to know where it is. #}
views as (

    select
        looks.profile_id,
        'product_viewed' as interest,
        looks.product_id,
        looks.category,
        count(*) as look_count,
        max(looks.looked_on) as last_looked_on
    from looks
    left join bought
        on
            looks.profile_id = bought.profile_id
            and looks.product_id = bought.product_id
    where
        looks.looked_on > {{ days_before('looks.as_of_date', windows.product_viewed) }}
        and coalesce(
            bought.last_purchased_on <= {{ days_before('looks.as_of_date', windows.product_viewed) }}, true
        )
    group by looks.profile_id, looks.product_id, looks.category

),

{# One look is a coincidence. #}
categories as (

    select
        looks.profile_id,
        'category_interest' as interest,
        cast(null as string) as product_id,
        looks.category,
        count(*) as look_count,
        max(looks.looked_on) as last_looked_on
    from looks
    left join bought_categories
        on
            looks.profile_id = bought_categories.profile_id
            and looks.category = bought_categories.category
    where
        looks.category is not null
        and looks.looked_on > {{ days_before('looks.as_of_date', windows.category_interest) }}
        and coalesce(
            bought_categories.last_purchased_on
            <= {{ days_before('looks.as_of_date', windows.category_interest) }},
            true
        )
    group by looks.profile_id, looks.category
    having count(*) >= 2

),

interests as (

    select * from carts
    union all
    select * from views
    union all
    select * from categories

)

select
    profile_id,
    interest,
    coalesce(product_id, category) as subject,
    product_id,
    category,
    cast(look_count as bigint) as look_count,
    last_looked_on
from interests
where
    profile_id is not null
    and {{ is_touched_person }}
