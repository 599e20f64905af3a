{# The days that models look back from: today, and the day from which the back-test looks ahead to today. #}
select
    'current' as sample,
    as_of_date as cut_on
from {{ ref('int_as_of_date') }}
{%- if var('clv_backtest') %}
union all
select
    'backtest' as sample,
    {{ days_before('as_of_date', var('clv_holdout_days')) }} as cut_on
from {{ ref('int_as_of_date') }}
{%- endif %}
