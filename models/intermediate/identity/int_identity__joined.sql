{{ config(materialized='connected_components') }}

{# What people joined by hand, followed through, whether or not the data has it. #}
with

joins as (

    select
        {{ hash_number('hash_a') }} as key_a,
        {{ hash_number('hash_b') }} as key_b
    from {{ ref('int_identity__decisions') }}
    where decision = 'join'

)

select
    key_a as node_a,
    key_a as node_b
from joins
union
select
    key_b as node_a,
    key_b as node_b
from joins
union
select
    least(key_a, key_b) as node_a,
    greatest(key_a, key_b) as node_b
from joins
