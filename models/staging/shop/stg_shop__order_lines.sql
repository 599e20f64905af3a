{{ config(materialized=view_or_table()) }}

select

    ---------- ids
    order_line_id,
    order_id,
    product_id,

    ---------- numerics
    quantity,
    unit_price,
    discount_amount,
    unit_cost

from {{ portable(ref('base_shop__order_lines')) }}
where is_kept
