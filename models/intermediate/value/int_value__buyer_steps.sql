{{ carried_on('profile_id') }}

{# What each buyer has in the windows that key figures look at, at the ends of the periods in which any of it
   changed, and what he bought in these; it stays so until the next of them. A purchase comes into a window once and
   leaves it once, because of its age or because it was undone: so the work follows what happened and not people times
   periods. #}
{% set value_days = var('value_window_days') %}
{# From how many days after the purchase on, and up to how many, a window holds it. #}
{% set windows = {
    'value': (0, value_days),
    'earlier': (value_days, 2 * value_days),
    'base': (0, var('buyer_window_days')),
} %}

with

versions as (

    select
        versions.*,
        facts.is_unprompted,
        facts.is_full_price,
        days.period_number as bought_in
    from {{ ref('int_purchases__versions') }} as versions
    inner join {{ ref('int_value__purchase_facts') }} as facts on versions.order_key = facts.order_key
    inner join {{ ref('int_value__days') }} as days on versions.purchased_on = days.happened_on
    where {{ is_touched('versions.profile_id') }}

),

acquisitions as (

    select * from {{ ref('int_value__acquisitions') }}
    where {{ is_touched('profile_id') }}

),

days as (

    select * from {{ ref('int_value__days') }}

),

stays as (

    {% for window, (first_day, last_day) in windows.items() %}
    select
        profile_id,
        order_key,
        net_revenue,
        gross_margin,
        is_unprompted,
        is_full_price,
        '{{ window }}' as window_name,
        {{ 'bought_in' if window == 'value' else 'null' }} as bought_in,
        greatest(seen_on, {{ days_before('purchased_on', -first_day) }}) as enters_on,
        {{ days_before('purchased_on', -last_day) }} as ages_on,
        next_seen_on
    from versions
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}

),

{# In numbers of periods. What came and went between two ends was seen at none of them, but it may have been
   bought all the same: a window can be shorter than a period. #}
seen_stays as (

    select
        stays.*,
        entering.period_number as enters_in,
        aging.period_number as ages_in,
        least(
            coalesce(aging.period_number, replaced.period_number),
            coalesce(replaced.period_number, aging.period_number)
        ) as leaves_in,
        coalesce(
            stays.bought_in = entering.period_number
            and coalesce(replaced.period_number > entering.period_number, true),
            false
        ) as is_bought
    from stays
    inner join days as entering on stays.enters_on = entering.happened_on
    left join days as aging on stays.ages_on = aging.happened_on
    left join days as replaced on stays.next_seen_on = replaced.happened_on

),

{# Somebody whose first purchase is another than it was is in other groups, even if it is in no window. #}
acquired as (

    select
        acquisitions.*,
        seen.period_number as first_period,
        replaced.period_number as next_first_period,
        row_number() over (
            partition by acquisitions.profile_id
            order by seen.period_number
        ) as acquisition_number
    from acquisitions
    inner join days as seen on acquisitions.seen_on = seen.happened_on
    left join days as replaced on acquisitions.next_seen_on = replaced.happened_on
    where coalesce(seen.period_number < replaced.period_number, true)

),

moves as (

    select
        profile_id,
        enters_in as period_number,
        window_name,
        net_revenue,
        gross_margin,
        is_unprompted,
        is_full_price,
        case when coalesce(enters_in < leaves_in, true) then 1 else 0 end as direction,
        false as is_aged,
        is_bought
    from seen_stays
    where is_bought or coalesce(enters_in < leaves_in, true)

    union all

    select
        profile_id,
        leaves_in as period_number,
        window_name,
        net_revenue,
        gross_margin,
        is_unprompted,
        is_full_price,
        -1 as direction,
        coalesce(ages_in = leaves_in, false) as is_aged,
        false as is_bought
    from seen_stays
    where enters_in < leaves_in

    union all

    select
        profile_id,
        first_period as period_number,
        'acquired' as window_name,
        0 as net_revenue,
        0 as gross_margin,
        null as is_unprompted,
        null as is_full_price,
        1 as direction,
        false as is_aged,
        false as is_bought
    from acquired

    union all

    select
        profile_id,
        next_first_period as period_number,
        'acquired' as window_name,
        0 as net_revenue,
        0 as gross_margin,
        null as is_unprompted,
        null as is_full_price,
        -1 as direction,
        false as is_aged,
        false as is_bought
    from acquired
    where next_first_period is not null

),

{% set known_orders = {
    'traced': 'is_unprompted is not null',
    'unprompted': 'is_unprompted',
    'priced': 'is_full_price is not null',
    'full_price': 'is_full_price',
} %}
{# In narrow columns, for they are sorted. #}
summed as (

    select
        profile_id,
        period_number,
        {% for window in windows %}
        cast(
            sum(case when window_name = '{{ window }}' then direction else 0 end) as integer
        ) as {{ window }}_orders,
        {% endfor %}
        {% for name, condition in known_orders.items() %}
        cast(
            sum(case when window_name = 'value' and {{ condition }} then direction else 0 end) as integer
        ) as {{ name }}_orders,
        {% endfor %}
        {% for amount in ['net_revenue', 'gross_margin'] %}
        cast(
            sum(case when window_name = 'value' then direction * {{ amount }} else 0 end) as decimal(18, 2)
        ) as {{ amount }},
        {% endfor %}
        cast(sum(case when is_bought then 1 else 0 end) as integer) as bought_orders,
        {% for name, condition in known_orders.items() %}
        cast(
            sum(case when is_bought and {{ condition }} then 1 else 0 end) as integer
        ) as bought_{{ name }}_orders,
        {% endfor %}
        cast(sum(case when is_bought then net_revenue else 0 end) as decimal(18, 2)) as bought_net_revenue,
        cast(sum(case when window_name = 'value' and is_aged then 1 else 0 end) as integer) as aged_orders,
        cast(
            sum(case when window_name = 'acquired' and direction = 1 then 1 else 0 end) as integer
        ) as acquisitions,
        cast(sum(case when window_name = 'acquired' then direction else 0 end) as integer) as is_acquired
    from moves
    group by profile_id, period_number

),

{% set sums = {
    'value_orders': 'bigint',
    'earlier_orders': 'bigint',
    'base_orders': 'bigint',
    'traced_orders': 'bigint',
    'unprompted_orders': 'bigint',
    'priced_orders': 'bigint',
    'full_price_orders': 'bigint',
    'net_revenue': 'decimal(18, 2)',
    'gross_margin': 'decimal(18, 2)',
} %}
{% set bought = [
    'bought_orders', 'bought_traced_orders', 'bought_unprompted_orders', 'bought_priced_orders',
    'bought_full_price_orders', 'bought_net_revenue',
] %}
{% set so_far = 'rows between unbounded preceding and current row' %}
{% set frame = 'partition by profile_id order by period_number ' ~ so_far %}

running as (

    select
        profile_id,
        {% for name, type in sums.items() %}
        cast(sum({{ name }}) over ({{ frame }}) as {{ type }}) as {{ name }},
        {% endfor %}
        cast(sum(value_orders) over ({{ frame }}) - value_orders as bigint) as previous_orders,
        cast(aged_orders as bigint) as aged_orders,
        {% for name in bought %}
        {{ name }},
        {% endfor %}
        case
            when sum(is_acquired) over ({{ frame }}) > 0 then sum(acquisitions) over ({{ frame }})
        end as acquisition_number,
        period_number,
        lead(period_number) over (
            partition by profile_id
            order by period_number
        ) as next_period_number
    from summed

)

select

    ---------- ids
    running.profile_id,

    ---------- strings
    acquired.acquisition_channel,
    acquired.country,

    ---------- numerics
    acquired.acquisition_year,
    {% for name in sums %}
    running.{{ name }},
    {% endfor %}
    running.previous_orders,
    running.aged_orders,
    {% for name in bought %}
    running.{{ name }},
    {% endfor %}
    running.period_number,
    running.next_period_number,

    ---------- dates
    acquired.acquired_on

from running
left join acquired
    on
        running.profile_id = acquired.profile_id
        and running.acquisition_number = acquired.acquisition_number
