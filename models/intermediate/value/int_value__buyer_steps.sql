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
    from {{ touched_purchases(ref('int_purchases__versions')) }} as versions
    inner join {{ made_rows(ref('int_value__purchase_facts'), 'profile_id') }} as facts
        on versions.order_key = facts.order_key
    inner join {{ ref('int_calendar') }} as days on versions.purchased_on = days.calendar_day

),

acquisitions as (

    select * from {{ touched_rows(ref('int_value__acquisitions'), 'profile_id') }}

),

days as (

    select * from {{ ref('int_calendar') }}

),

windows as (

    {% for window, (first_day, last_day) in windows.items() %}
    select
        '{{ window }}' as window_name,
        {{ first_day }} as first_day,
        {{ last_day }} as last_day
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}

),

{# A purchase comes in, and it leaves. #}
turns as (

    select 1 as turn
    union all
    select -1 as turn

),

stays as (

    select
        versions.profile_id,
        versions.net_revenue,
        versions.gross_margin,
        versions.is_unprompted,
        versions.is_full_price,
        windows.window_name,
        case when windows.window_name = 'value' then versions.bought_in end as bought_in,
        greatest(
            versions.seen_on, {{ days_after('versions.purchased_on', 'windows.first_day') }}
        ) as enters_on,
        {{ days_after('versions.purchased_on', 'windows.last_day') }} as ages_on,
        versions.next_seen_on
    from versions
    cross join windows

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
        coalesce(entering.period_number < aging.period_number, true)
        and coalesce(entering.period_number < replaced.period_number, true) as is_seen,
        coalesce(
            stays.bought_in = entering.period_number
            and coalesce(replaced.period_number > entering.period_number, true),
            false
        ) as is_bought
    from stays
    inner join days as entering on stays.enters_on = entering.calendar_day
    left join days as aging on stays.ages_on = aging.calendar_day
    left join days as replaced on stays.next_seen_on = replaced.calendar_day

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
    inner join days as seen on acquisitions.seen_on = seen.calendar_day
    left join days as replaced on acquisitions.next_seen_on = replaced.calendar_day
    where coalesce(seen.period_number < replaced.period_number, true)

),

moves as (

    select
        seen_stays.profile_id,
        case when turns.turn = 1 then seen_stays.enters_in else seen_stays.leaves_in end as period_number,
        seen_stays.window_name,
        seen_stays.net_revenue,
        seen_stays.gross_margin,
        seen_stays.is_unprompted,
        seen_stays.is_full_price,
        cast(case when seen_stays.is_seen then turns.turn else 0 end as smallint) as direction,
        turns.turn = -1 and coalesce(seen_stays.ages_in = seen_stays.leaves_in, false) as is_aged,
        turns.turn = 1 and seen_stays.is_bought as is_bought
    from seen_stays
    cross join turns
    where
        (turns.turn = 1 and (seen_stays.is_seen or seen_stays.is_bought))
        or (turns.turn = -1 and seen_stays.is_seen and seen_stays.leaves_in is not null)

    union all

    select
        profile_id,
        first_period as period_number,
        'acquired' as window_name,
        0 as net_revenue,
        0 as gross_margin,
        null as is_unprompted,
        null as is_full_price,
        cast(1 as smallint) as direction,
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
        cast(-1 as smallint) as direction,
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
{# In narrow columns, for they are sorted. Out of narrow ones too, or counted: what is kept for each of
   millions of groups is as wide as what it adds, and that of ten million orders did not fit into 5 GB. #}
summed as (

    select
        profile_id,
        period_number,
        {% for window in windows %}
        cast(
            coalesce(sum(case when window_name = '{{ window }}' then direction end), 0) as integer
        ) as {{ window }}_orders,
        {% endfor %}
        {% for name, condition in known_orders.items() %}
        cast(
            coalesce(
                sum(case when window_name = 'value' and {{ condition }} then direction end), 0
            ) as integer
        ) as {{ name }}_orders,
        {% endfor %}
        {% for amount in ['net_revenue', 'gross_margin'] %}
        cast(
            sum(
                case
                    when window_name = 'value' and direction = 1 then {{ amount }}
                    when window_name = 'value' and direction = -1 then -{{ amount }}
                    else 0
                end
            ) as decimal(18, 2)
        ) as {{ amount }},
        {% endfor %}
        cast(count(case when is_bought then 1 end) as integer) as bought_orders,
        {% for name, condition in known_orders.items() %}
        cast(
            count(case when is_bought and {{ condition }} then 1 end) as integer
        ) as bought_{{ name }}_orders,
        {% endfor %}
        cast(sum(case when is_bought then net_revenue else 0 end) as decimal(18, 2)) as bought_net_revenue,
        cast(count(case when window_name = 'value' and is_aged then 1 end) as integer) as aged_orders,
        cast(
            count(case when window_name = 'acquired' and direction = 1 then 1 end) as integer
        ) as acquisitions,
        cast(
            coalesce(sum(case when window_name = 'acquired' then direction end), 0) as integer
        ) as is_acquired
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
