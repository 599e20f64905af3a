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

{# Up to the cut of the back-test. Up to the as-of date it is the whole history. #}
so_far as (

    select
        cuts.sample,
        purchase_days.profile_id,
        count(*) as purchase_days,
        sum(purchase_days.gross_margin) as gross_margin,
        max(purchase_days.purchased_on) as last_purchased_on
    from purchase_days
    inner join cuts on purchase_days.purchased_on <= cuts.cut_on
    where cuts.sample = 'backtest'
    group by cuts.sample, purchase_days.profile_id

),

seen as (

    select
        cuts.sample,
        cuts.cut_on,
        histories.*,
        coalesce(so_far.purchase_days, histories.purchase_days) as seen_days,
        coalesce(so_far.gross_margin, histories.gross_margin) as seen_margin,
        coalesce(so_far.last_purchased_on, histories.last_purchased_on) as last_seen_on
    from histories
    cross join cuts
    left join so_far
        on
            histories.profile_id = so_far.profile_id
            and cuts.sample = so_far.sample
    where histories.first_purchased_on <= cuts.cut_on

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
