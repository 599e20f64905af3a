{# The dates that people are scored at. #}
select
    as_of_date as period_end,
    true as is_current
from {{ ref('int_as_of_date') }}
