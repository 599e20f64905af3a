{{ config(materialized=view_or_table()) }}

select

    ---------- ids
    receipt_line_id,
    receipt_id,
    product_id,

    ---------- numerics
    quantity,
    unit_price,
    discount_amount,
    unit_cost

from {{ portable(ref('base_pos__receipt_lines')) }}
where is_kept
