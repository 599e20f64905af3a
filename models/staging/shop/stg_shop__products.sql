{{ config(materialized=view_or_table()) }}

select

    ---------- ids
    product_id,

    ---------- strings
    name,
    category,
    brand,

    ---------- numerics
    price,
    unit_cost

from {{ portable(ref('base_shop__products')) }}
where is_kept
