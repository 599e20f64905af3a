{# All that the models need to know of a buyer (Fader, Hardie and Lee 2005): days with a purchase after the
   first one, and when the last of them was. What a purchase brings is the mean of the repeat days alone, as
   published results on CDNOW have it: the first purchase tells how somebody was won, not what he spends. #}
with

purchase_days as (

    select * from {{ ref('int_value__purchase_days') }}

),

cuts as (

    select * from {{ ref('int_value__cuts') }}

),

{# Up to the cut. Today that is all there is. #}
so_far as (

    select
        cuts.sample,
        cuts.cut_on,
        histories.profile_id,
        histories.purchase_days,
        histories.gross_margin,
        histories.last_purchased_on
    from {{ ref('int_value__histories') }} as histories
    cross join cuts
    where cuts.sample = 'current'

    union all

    select
        cuts.sample,
        cuts.cut_on,
        purchase_days.profile_id,
        count(*) as purchase_days,
        sum(purchase_days.gross_margin) as gross_margin,
        max(purchase_days.purchased_on) as last_purchased_on
    from purchase_days
    inner join cuts on purchase_days.purchased_on <= cuts.cut_on
    where cuts.sample = 'backtest'
    group by cuts.sample, cuts.cut_on, purchase_days.profile_id

),

counted as (

    select
        so_far.*,
        so_far.purchase_days - 1 as repeat_days,
        so_far.gross_margin - histories.first_day_margin as repeat_margin,
        histories.purchase_days - so_far.purchase_days as later_days,
        histories.gross_margin - so_far.gross_margin as later_margin,
        histories.first_purchased_on
    from so_far
    inner join {{ ref('int_value__histories') }} as histories on so_far.profile_id = histories.profile_id

)

select
    sample,
    profile_id,
    cast(repeat_days as bigint) as repeat_days,
    cast({{ days_between('first_purchased_on', 'last_purchased_on') }} as double) / 7 as last_week,
    cast({{ days_between('first_purchased_on', 'cut_on') }} as double) / 7 as age_weeks,
    cast(repeat_margin as double) / nullif(cast(repeat_days as double), 0) as mean_repeat_margin,
    case when sample = 'backtest' then cast(later_days as bigint) end as later_days,
    case when sample = 'backtest' then cast(later_margin as decimal(18, 2)) end as later_margin
from counted
