with

mentions as (

    select * from {{ ref('int_identity__mentions') }}

),

blocked_values as (

    select * from {{ ref('identity_blocked_values') }}

),

rules as (

    select * from {{ ref('identity_rules') }}

),

identifiers as (

    select
        identifier_type,
        identifier_value,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at,
        sum(record_count) as record_count
    from mentions
    group by identifier_type, identifier_value

),

{# One pattern per type: each identifier is matched once. #}
blocked_patterns as (

    select
        rules.identifier_type,
        {{ dbt.listagg("'(' || blocked_values.pattern || ')'", "'|'") }} as pattern
    from rules
    inner join blocked_values on blocked_values.identifier_type in ('any', rules.identifier_type)
    group by rules.identifier_type

),

numbered as (

    select
        cast(
            row_number() over (
                order by rules.identifier_rank, identifiers.identifier_value
            ) as bigint
        ) as node_id,
        identifiers.identifier_type,
        identifiers.identifier_value,
        rules.identifier_rank,
        rules.is_linking,
        identifiers.first_seen_at,
        identifiers.last_seen_at,
        cast(identifiers.record_count as bigint) as record_count
    from identifiers
    inner join rules on identifiers.identifier_type = rules.identifier_type
    left join blocked_patterns on identifiers.identifier_type = blocked_patterns.identifier_type
    where
        blocked_patterns.pattern is null
        or not {{ matches('lower(identifiers.identifier_value)', 'blocked_patterns.pattern') }}

)

select * from numbered
