{# What identity did and where to look: totals first, then cases by name (hashed). #}
with

links as (

    select * from {{ ref('int_identity__links') }}

),

dropped_links as (

    select * from {{ ref('int_identity__dropped_links') }}

),

partners as (

    select
        node_id,
        identifier_type,
        partner_type,
        partner_count,
        max_partners,
        is_over
    from {{ ref('int_identity__partners') }}

),

conflicts as (

    select * from {{ ref('int_identity__conflicts') }}

),

decisions as (

    select * from {{ ref('int_identity__decisions') }}

),

sides as (

    select
        decision,
        type_a as identifier_type,
        hash_a as identifier_hash
    from decisions
    union
    select
        decision,
        type_b as identifier_type,
        hash_b as identifier_hash
    from decisions

),

counts as (

    select
        identifier_count,
        count(*) as profile_count
    from {{ ref('int_profiles') }}
    group by identifier_count

),

more as (

    select
        identifier_count,
        sum(profile_count) over (order by identifier_count desc) - profile_count as profile_count
    from counts

),

{# Named are only those of whom there are fewer than twenty with more identifiers. #}
largest as (

    select
        profiles.profile_id,
        profiles.identifier_count,
        row_number() over (order by profiles.identifier_count desc, profiles.profile_id asc) as place
    from {{ ref('int_profiles') }} as profiles
    inner join more
        on
            profiles.identifier_count = more.identifier_count
            and more.profile_count < 20

),

nodes as (

    select
        node_id,
        identifier_hash
    from {{ ref('int_identity__nodes') }}
    where {{ is_among_few('node_id', 'partners') }}

),

sizes as (

    select
        profile_count,
        case
            when identifier_count <= 5 then cast(identifier_count as string)
            when identifier_count <= 10 then '6-10'
            when identifier_count <= 20 then '11-20'
            when identifier_count <= 50 then '21-50'
            when identifier_count <= 100 then '51-100'
            else 'over 100'
        end as size
    from counts

),

findings as (

    select
        'identifiers' as finding,
        identifier_type || ' ' || status as subject,
        cast(null as string) as profile_id,
        cast(null as string) as identifier_hash,
        count(*) as measured,
        cast(null as bigint) as allowed
    from {{ ref('profile_identifiers') }}
    group by identifier_type, status

    union all

    select
        'links' as finding,
        type_a || ' + ' || type_b || ' on ' || source_table as subject,
        cast(null as string) as profile_id,
        cast(null as string) as identifier_hash,
        count(*) as measured,
        cast(null as bigint) as allowed
    from links
    group by type_a, type_b, source_table

    union all

    select
        'dropped links' as finding,
        type_a || ' + ' || type_b || ': ' || reason as subject,
        cast(null as string) as profile_id,
        cast(null as string) as identifier_hash,
        count(*) as measured,
        cast(null as bigint) as allowed
    from dropped_links
    group by type_a, type_b, reason

    union all

    select
        'profiles by identifiers' as finding,
        size as subject,
        cast(null as string) as profile_id,
        cast(null as string) as identifier_hash,
        sum(profile_count) as measured,
        cast(null as bigint) as allowed
    from sizes
    group by size

    union all

    select
        'largest profile' as finding,
        'identifiers' as subject,
        profile_id,
        cast(null as string) as identifier_hash,
        identifier_count as measured,
        cast(null as bigint) as allowed
    from largest
    where place <= 20

    union all

    select
        case when partners.is_over then 'over the limit' else 'near the limit' end as finding,
        partners.identifier_type || ': partners of type ' || partners.partner_type as subject,
        cast(null as string) as profile_id,
        nodes.identifier_hash,
        partners.partner_count as measured,
        partners.max_partners as allowed
    from partners
    inner join nodes on partners.node_id = nodes.node_id

    union all

    select
        'conflict' as finding,
        attribute as subject,
        profile_id,
        cast(null as string) as identifier_hash,
        value_count as measured,
        cast(1 as bigint) as allowed
    from conflicts

    union all

    select
        'decision without effect' as finding,
        sides.decision || ': ' || sides.identifier_type || ' is not in the data' as subject,
        cast(null as string) as profile_id,
        sides.identifier_hash,
        0 as measured,
        cast(null as bigint) as allowed
    from sides
    left join {{ ref('int_identity__nodes') }} as nodes on sides.identifier_hash = nodes.identifier_hash
    where nodes.identifier_hash is null

)

select

    ---------- ids
    profile_id,
    identifier_hash,

    ---------- strings
    finding,
    subject,

    ---------- numerics
    cast(measured as bigint) as measured,
    allowed

from findings
