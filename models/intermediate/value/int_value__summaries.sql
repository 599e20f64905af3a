{{ config(materialized=view_or_table()) }}

{# All that the models need to know of a buyer (Fader, Hardie and Lee 2005): days with a purchase after the
   first one, and when the last of them was. What a purchase brings is the mean of the repeat days alone, as
   published results on CDNOW have it: the first purchase tells how somebody was won, not what he spends.
   Histories hold all of it, and are read as fast. #}
with

histories as (

    select * from {{ ref('int_value__histories') }}

),

cuts as (

    select * from {{ ref('int_value__cuts') }}

),

{# Of whom nothing came after the cut that is all. #}
so_far as (

    select
        cuts.sample,
        cuts.cut_on,
        histories.*,
        case
            when histories.last_purchased_on > cuts.cut_on
                then {{ up_to('cuts.cut_on', 'histories.days', 'histories.days') }}
        end as seen_on
    from histories
    cross join cuts
    where histories.first_purchased_on <= cuts.cut_on

),

seen as (

    select
        *,
        case
            when seen_on is null then purchase_days
            else {{ size_of('array_distinct(seen_on)') }}
        end as seen_days,
        case
            when seen_on is null then gross_margin
            else {{ sum_of(up_to('cut_on', 'days', 'margins')) }}
        end as seen_margin,
        coalesce({{ largest_of('seen_on') }}, last_purchased_on) as last_seen_on
    from so_far

)

select
    sample,
    profile_id,
    cast(seen_days - 1 as bigint) as repeat_days,
    cast({{ days_between('first_purchased_on', 'last_seen_on') }} as double) / 7 as last_week,
    cast({{ days_between('first_purchased_on', 'cut_on') }} as double) / 7 as age_weeks,
    cast(seen_margin - first_day_margin as double) / nullif(cast(seen_days - 1 as double), 0)
        as mean_repeat_margin,
    case when sample = 'backtest' then cast(purchase_days - seen_days as bigint) end as later_days,
    case when sample = 'backtest' then cast(gross_margin - seen_margin as decimal(18, 2)) end as later_margin
from seen
