{# All that the models need to know of a buyer (Fader, Hardie and Lee 2005): days with a purchase after the
   first one, and when the last of them was. What a purchase brings is the mean of the repeat days alone, as
   published results on CDNOW have it: the first purchase tells how somebody was won, not what he spends. #}
with

purchase_days as (

    select * from {{ ref('int_value__purchase_days') }}

),

histories as (

    select * from {{ ref('int_value__histories') }}

),

cuts as (

    select * from {{ ref('int_value__cuts') }}

),

watched as (

    select
        cuts.sample,
        cuts.cut_on,
        purchase_days.profile_id,
        purchase_days.purchased_on,
        purchase_days.gross_margin,
        histories.first_purchased_on,
        purchase_days.purchased_on <= cuts.cut_on as is_before_cut,
        purchase_days.purchased_on > histories.first_purchased_on as is_repeat
    from purchase_days
    inner join histories on purchase_days.profile_id = histories.profile_id
    cross join cuts
    where histories.first_purchased_on <= cuts.cut_on

),

summed as (

    select
        sample,
        cut_on,
        profile_id,
        first_purchased_on,
        sum(case when is_before_cut and is_repeat then 1 else 0 end) as repeat_days,
        sum(case when is_before_cut and is_repeat then gross_margin else 0 end) as repeat_margin,
        sum(case when is_before_cut then 0 else 1 end) as later_days,
        sum(case when is_before_cut then 0 else gross_margin end) as later_margin,
        max(case when is_before_cut then purchased_on end) as last_purchased_on
    from watched
    group by sample, cut_on, profile_id, first_purchased_on

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
from summed
