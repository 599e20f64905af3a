with

came_in as (

    select * from {{ ref('stg_registry__raw_totals') }}

),

delivered as (

    select * from {{ ref('int_records__delivered') }}

),

accounted as (

    select
        came_in.source_table,
        came_in.row_count as rows_in,
        coalesce(delivered.rows_kept, 0) as rows_kept,
        coalesce(delivered.rows_repeated, 0) as rows_repeated,
        coalesce(delivered.rows_rejected, 0) as rows_rejected,
        coalesce(delivered.rows_erased, 0) as rows_erased,
        came_in.amount as amount_in,
        delivered.amount_kept,
        delivered.amount_repeated,
        delivered.amount_rejected,
        delivered.first_at,
        delivered.last_at
    from came_in
    inner join delivered on came_in.source_table = delivered.source_table

)

select * from accounted
