{{ config(
    materialized='incremental',
    incremental_strategy='append',
    full_refresh=false,
    on_schema_change='fail',
    database=state_database(),
    schema=state_schema(),
) }}

{# State: the deny list. A request reaches all identifiers that its person has in the build that first sees
   it, and is done then: who comes back later under another address is somebody new. #}
with

requests as (

    select * from {{ ref('stg_privacy__erasure_requests') }}
    {% if is_incremental() %}
    where request_id not in (
        select request_id from {{ this }}
        where salt_fingerprint = {{ salt_fingerprint() }}
    )
    {% endif %}

),

unusable as (

    select * from {{ ref('int_identity__unusable') }}

),

named as (

    {% for identifier in ['customer_id', 'email', 'phone'] %}
    select
        request_id,
        requested_at,
        '{{ identifier }}' as identifier_type,
        {{ hash_of("'" ~ identifier ~ ":' || " ~ identifier) }} as identifier_hash
    from requests
    where {{ identifier }} is not null
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

{# Few of all identifiers, and mostly none: each step looks for those of the one before alone. #}
named_nodes as (

    select
        node_id,
        identifier_hash
    from {{ ref('int_identity__nodes') }}
    where {{ is_among_few('identifier_hash', 'named') }}

),

{# Placeholders and what many share are nobody's: to deny them would take them from all the others. #}
usable as (

    select
        named.*,
        nodes.node_id
    from named
    left join named_nodes as nodes on named.identifier_hash = nodes.identifier_hash
    left join unusable on nodes.node_id = unusable.node_id
    where unusable.node_id is null

),

people as (

    select distinct
        usable.request_id,
        usable.requested_at,
        members.component_id,
        members.person_id
    from usable
    inner join {{ ref('int_identity__members') }} as members on usable.node_id = members.node_id
    where {{ is_among_few('members.node_id', 'named_nodes') }}

),

their_members as (

    select
        node_id,
        person_id
    from {{ ref('int_identity__members') }}
    where
        {{ is_among_few('component_id', 'people') }}
        {# DuckDB would read whole, for both, what `people` reads as well. #}
        and {{ is_one_of_few('component_id') }}

),

their_nodes as (

    select
        node_id,
        identifier_type,
        identifier_hash
    from {{ ref('int_identity__nodes') }}
    where {{ is_among_few('node_id', 'their_members') }}

),

reached as (

    select
        nodes.identifier_hash,
        nodes.identifier_type,
        people.request_id,
        people.requested_at
    from people
    inner join their_members as members on people.person_id = members.person_id
    inner join their_nodes as nodes on members.node_id = nodes.node_id
    union
    select
        identifier_hash,
        identifier_type,
        request_id,
        requested_at
    from usable

)

select
    identifier_hash,
    identifier_type,
    request_id,
    {{ salt_fingerprint() }} as salt_fingerprint,
    requested_at
from reached
