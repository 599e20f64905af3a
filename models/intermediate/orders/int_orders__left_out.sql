{# Orders and receipts of staging that are no row of the orders mart: what is dated after the as-of date,
   and receipts that take another one back. Counted apart from the orders, to check them by. #}
with

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

dated as (

    select
        {{ local_date('ordered_at') }} as ordered_on,
        false as is_return,
        total_amount
    from {{ ref('stg_shop__orders') }}

    union all

    select
        {{ local_date('sold_at') }} as ordered_on,
        return_of_receipt_id is not null as is_return,
        total_amount
    from {{ ref('stg_pos__receipts') }}

)

select
    cast(count(*) as bigint) as row_count,
    cast(coalesce(sum(dated.total_amount), 0) as decimal(18, 2)) as amount
from dated
inner join as_of on dated.is_return or dated.ordered_on > as_of.as_of_date
