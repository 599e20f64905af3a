{{ config(materialized=view_or_table()) }}

select

    ---------- ids
    receipt_id,
    store_id,
    loyalty_card_id,
    return_of_receipt_id,

    ---------- strings
    email,
    phone,
    currency,

    ---------- numerics
    total_amount,
    discount_amount,
    tax_amount,
    rate_to_reporting,

    ---------- timestamps
    sold_at,

    ---------- delivery
    _build_number

from {{ portable(ref('base_pos__receipts')) }}
where is_kept
