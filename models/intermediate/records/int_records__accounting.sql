with

came_in as (

    select * from {{ ref('stg_registry__raw_totals') }}

),

kept as (

    select * from {{ ref('int_records__kept') }}

),

usable as (

    select * from {{ ref('int_records__usable') }}

),

rejected as (

    select
        source_table,
        cast(count(*) as bigint) as row_count,
        sum(amount) as amount
    from {{ ref('int_records__rejected') }}
    group by source_table

),

erased as (

    select
        source_table,
        row_count
    from {{ ref('int_privacy__erased_records') }}
    where is_removed

),

accounted as (

    select
        came_in.source_table,
        came_in.row_count as rows_in,
        kept.row_count as rows_kept,
        usable.row_count - usable.key_count as rows_repeated,
        coalesce(rejected.row_count, 0) as rows_rejected,
        coalesce(erased.row_count, 0) as rows_erased,
        came_in.amount as amount_in,
        kept.amount as amount_kept,
        usable.amount - kept.amount as amount_repeated,
        coalesce(rejected.amount, 0) as amount_rejected,
        usable.first_at,
        usable.last_at
    from came_in
    inner join kept on came_in.source_table = kept.source_table
    inner join usable on came_in.source_table = usable.source_table
    left join rejected on came_in.source_table = rejected.source_table
    left join erased on came_in.source_table = erased.source_table

)

select * from accounted
