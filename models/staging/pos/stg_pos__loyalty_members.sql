{{ config(materialized=view_or_table()) }}

select

    ---------- ids
    loyalty_card_id,
    customer_id,

    ---------- strings
    email,
    phone,
    first_name,
    last_name,

    ---------- timestamps
    joined_at

from {{ portable(ref('base_pos__loyalty_members')) }}
where is_kept
