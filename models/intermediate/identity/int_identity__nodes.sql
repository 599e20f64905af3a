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

blocked as (

    select distinct
        identifiers.identifier_type,
        identifiers.identifier_value
    from identifiers
    inner join blocked_values
        on
            blocked_values.identifier_type in ('any', identifiers.identifier_type)
            and {{ matches('lower(identifiers.identifier_value)', 'blocked_values.pattern') }}

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
    left join blocked
        on
            identifiers.identifier_type = blocked.identifier_type
            and identifiers.identifier_value = blocked.identifier_value
    where blocked.identifier_value is null

)

select * from numbered
