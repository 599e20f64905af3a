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

seen as (

    select
        cuts.sample,
        cuts.cut_on,
        histories.profile_id,
        histories.purchase_days,
        histories.gross_margin,
        histories.first_day_margin,
        histories.first_purchased_on,
        case cuts.sample when 'current' then histories.purchase_days else histories.cut_days end as seen_days,
        case cuts.sample when 'current' then histories.gross_margin else histories.cut_margin end
            as seen_margin,
        case cuts.sample when 'current' then histories.last_purchased_on else histories.cut_last_on end
            as seen_last_on
    from histories
    cross join cuts
    where histories.first_purchased_on <= cuts.cut_on

)

select
    sample,
    profile_id,
    cast(seen_days - 1 as bigint) as repeat_days,
    cast({{ days_between('first_purchased_on', 'seen_last_on') }} as double) / 7 as last_week,
    cast({{ days_between('first_purchased_on', 'cut_on') }} as double) / 7 as age_weeks,
    cast(seen_margin - first_day_margin as double) / nullif(cast(seen_days - 1 as double), 0)
        as mean_repeat_margin,
    case when sample = 'backtest' then cast(purchase_days - seen_days as bigint) end as later_days,
    case when sample = 'backtest' then cast(gross_margin - seen_margin as decimal(18, 2)) end as later_margin
from seen
