{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook='{{ forget_before_finished("true") }}',
) }}

{# What is the same for everybody and may be another tomorrow: the day, the fit by which customers are
   valued, the categories of products, the days over which the control group is compared with others, and
   those on which campaigns went out. What follows from one that is another is made anew for everybody.
   What seeds and vars say is no matter here: by others all is. #}
with

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

fits as (

    select * from {{ ref('int_value__fits_in_use') }}
    where sample = 'current'

),

terms as (

    select
        'day' as term,
        {{ row_hash(['as_of_date']) }} as term_hash
    from as_of
    union all
    select
        'products' as term,
        bit_xor({{ row_hash(['product_id', 'category']) }}) as term_hash
    from {{ ref('stg_shop__products') }}
    having count(*) > 0
    union all
    select
        'value of customers' as term,
        {{ row_hash(['as_of.as_of_date', 'r', 'alpha', 'a', 'b', 'p', 'q', 'gamma']) }} as term_hash
    from fits
    cross join as_of
    union all
    select
        'global_control' as term,
        {{ row_hash(['as_of_date', control_opens_on()]) }} as term_hash
    from as_of
    union all
    select
        'campaign ' || campaign_id as term,
        bit_xor({{ row_hash(['segment', 'channel', 'previous_period_end', 'sent_on']) }}) as term_hash
    from {{ ref('int_experiments__waves') }}
    group by campaign_id

)

select
    term,
    term_hash,
    {{ build_number() }} as build_number
from terms
