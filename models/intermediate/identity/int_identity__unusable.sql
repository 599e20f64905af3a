{# Identifiers that tell nobody: blocked, a placeholder; shared, with more partners than one person has. #}
with

nodes as (

    select * from {{ ref('int_identity__nodes') }}

),

partners as (

    select * from {{ ref('int_identity__partners') }}

),

named as (

    select
        node_id,
        'blocked' as reason,
        1 as precedence
    from nodes
    where is_blocked
    union all
    select
        node_id,
        'shared' as reason,
        2 as precedence
    from partners
    where is_over

),

first_reasons as (

    select
        node_id,
        min(precedence) as precedence
    from named
    group by node_id

)

select
    node_id,
    case precedence when 1 then 'blocked' else 'shared' end as reason
from first_reasons
