{{ config(post_hook="{{ forget_finished_if_other('as_of_date') }}") }}

{# The day the project looks from. A date that stands far beyond all others is a slip of somebody's
   keyboard and must not become today: the query stops and asks. #}
with

dated as (

    {%- for model, time in [
        ('stg_shop__orders', 'ordered_at'),
        ('stg_pos__receipts', 'sold_at'),
        ('stg_web__events', 'occurred_at'),
        ('stg_messaging__events', 'occurred_at'),
    ] %}
    select {{ local_date(time) }} as happened_on
    from {{ ref(model) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

days as (

    select
        happened_on,
        count(*) as record_count
    from dated
    group by happened_on

),

accumulated as (

    select
        happened_on,
        sum(record_count) over (order by happened_on) as records_so_far,
        sum(record_count) over () as all_records
    from days

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
