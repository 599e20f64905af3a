{{ config(post_hook="{{ forget_finished_if_other('as_of_date') }}") }}

{# The day the project looks from. A date that stands far beyond all others is a slip of somebody's
   keyboard and must not become today: the query stops and asks. #}
{% set finished = last_finished() %}
{% set dated = {
    'stg_shop__orders': 'ordered_at',
    'stg_pos__receipts': 'sold_at',
    'stg_web__events': 'occurred_at',
    'stg_messaging__events': 'occurred_at',
} %}

with

{% if finished -%}
{# The last record is mostly not older than it was in the last build, and no others have to be looked at. #}
since_finished as (

    {%- for model, time in dated.items() %}
    select max({{ time }}) as last_at
    from {{ ref(model) }}
    where {{ time }} >= timestamp '{{ finished.as_of_date }}'
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

{# One row, if it is older all the same; else nothing else is read. #}
gone as (

    select count(last_at) as record_count
    from since_finished
    having count(last_at) = 0

),

{% endif -%}
last_times as (

    {%- for model, time in dated.items() %}
    select max(records.{{ time }}) as last_at
    from {{ ref(model) }} as records
    {%- if finished %}
    cross join gone
    {%- endif %}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
    {%- if finished %}
    union all
    select last_at from since_finished
    {%- endif %}

),

last_time as (

    select
        {{ local_date('max(last_at)') }} as last_on,
        max(last_at) - interval '40' day as recent_after
    from last_times

),

{# To count the days of all records takes long, and they are mostly of no interest. #}
recent as (

    {%- for model, time in dated.items() %}
    select {{ local_date('records.' ~ time) }} as happened_on
    from {{ ref(model) }} as records
    cross join last_time
    where records.{{ time }} > last_time.recent_after
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

recents as (

    select
        count(*) as record_count,
        count(
            case when recent.happened_on >= {{ days_before('last_time.last_on', 30) }} then 1 end
        ) as late_count
    from recent
    cross join last_time

),

{# At least as many as there are records, and no column is read to count them. #}
all_rows as (

    {%- for model in dated %}
    select count(*) as row_count
    from {{ ref('base_' ~ model[4:]) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

{# One row, if hardly anything is as late as the last; else nothing is counted, and the last day is usual. #}
unusual as (

    select recents.late_count
    from recents
    cross join all_rows
    group by recents.late_count
    having recents.late_count * 1000 <= sum(all_rows.row_count)

),

counted as (

    {%- for model in dated %}
    select count(*) as record_count
    from {{ ref(model) }}
    cross join unusual
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

everything as (

    select
        sum(counted.record_count) as record_count,
        last_time.recent_after
    from counted
    cross join last_time
    group by last_time.recent_after

),

{# One row, if 99.9 % of the records are not recent; else nothing else is read. #}
far as (

    select everything.recent_after
    from everything
    cross join recents
    where (everything.record_count - recents.record_count) * 1000 >= everything.record_count * 999

),

older as (

    {%- for model, time in dated.items() %}
    select {{ local_date('records.' ~ time) }} as happened_on
    from {{ ref(model) }} as records
    cross join far
    where records.{{ time }} <= far.recent_after
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

looked_at as (

    select happened_on from recent
    union all
    select happened_on from older

),

days as (

    select
        happened_on,
        count(*) as record_count
    from looked_at
    group by happened_on

),

accumulated as (

    select
        days.happened_on,
        everything.record_count
        - sum(days.record_count) over ()
        + sum(days.record_count) over (order by days.happened_on) as records_so_far,
        everything.record_count as all_records
    from days
    cross join everything

),

bounds as (

    select
        max(happened_on) as last_on,
        min(case when records_so_far * 1000 >= all_records * 999 then happened_on end) as usual_last_on
    from accumulated

),

{% set no_date -%}
'There is no valid order, receipt or event. intermediate.int_records__rejected has what came in, and why '
|| 'it was refused.'
{%- endset %}
{% set far_date -%}
'The last date is ' || cast(last_on as string) || ', and 99.9 % of the records lie up to '
|| cast(usual_last_on as string) || '. Mend the record, or say what day it is: --vars ''as_of_date: "'
|| cast(usual_last_on as string) || '"'''
{%- endset %}
chosen as (

    select
        case
            when {{ 'true' if var('as_of_date') else 'false' }} then '{{ var("as_of_date") }}'
            when last_on is null then {{ fail(no_date) }}
            when {{ days_between('usual_last_on', 'last_on') }} > 30 then {{ fail(far_date) }}
            else cast(last_on as string)
        end as as_of_date
    from bounds

)

select cast(as_of_date as date) as as_of_date
from chosen
