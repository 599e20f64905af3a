{{ config(materialized=view_or_table()) }}

select

    ---------- ids
    refund_id,
    order_id,
    order_line_id,

    ---------- numerics
    amount,
    quantity,

    ---------- timestamps
    refunded_at

from {{ portable(ref('base_shop__refunds')) }}
where is_kept
