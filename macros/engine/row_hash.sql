{# A number that tells rows apart: equal for equal values, nulls included, and else different but for one chance
   in 2^64. Another engine, or another version of it, gives other numbers: compare only what one has made. #}
{% macro row_hash(columns) -%}
    {{ adapter.dispatch('row_hash', 'lifecycle')(columns) }}
{%- endmacro %}

{# Hashed twice, for DuckDB takes in the last column by xor: two rows of which it changes in the same way
   would leave the `bit_xor` of their hashes as it was. #}
{% macro default__row_hash(columns) -%}
    hash(hash({{ columns | join(', ') }}))
{%- endmacro %}

{# Nulls alone would leave its hash as it is, wherever they stand. #}
{% macro spark__row_hash(columns) -%}
    xxhash64(to_json(struct({{ columns | join(', ') }})))
{%- endmacro %}
