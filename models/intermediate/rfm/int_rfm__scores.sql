with

metrics as (

    select * from {{ ref('int_rfm__metrics') }}
    where is_in_base

),

yardsticks as (

    select * from {{ ref('int_rfm__yardsticks') }}

)

select
    metrics.profile_id,
    metrics.recency_days,
    metrics.order_count,
    metrics.net_revenue,
    metrics.lifetime_order_count,
    {{ rfm_score('-metrics.recency_days', 'yardsticks.recency') }} as recency_score,
    {{ rfm_score('metrics.order_count', 'yardsticks.frequency') }} as frequency_score,
    {{ rfm_score('metrics.net_revenue', 'yardsticks.monetary') }} as monetary_score,
    metrics.period_number,
    metrics.period_end
from metrics
inner join yardsticks on metrics.period_end = yardsticks.period_end
