{{ carried_on('node_id') }}

{% set patterns = blocked_patterns() %}

with

rules as (

    select * from {{ ref('identity_rules') }}

),

mentions as (

    {% for identifier in linking_types() %}
    select
        {{ identifier }}_node as node_id,
        '{{ identifier }}' as identifier_type,
        {{ identifier }} as identifier_value,
        first_seen_at,
        last_seen_at,
        record_count
    from {{ ref('int_identity__records') }}
    where
        {{ identifier }} is not null
        and {{ is_touched(identifier ~ '_node', 'node_id') }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

identifiers as (

    select
        node_id,
        identifier_type,
        identifier_value,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at,
        sum(record_count) as record_count
    from mentions
    group by node_id, identifier_type, identifier_value

)

select
    identifiers.node_id,
    identifiers.identifier_type,
    identifiers.identifier_value,
    {{ hash_of("identifiers.identifier_type || ':' || identifiers.identifier_value") }} as identifier_hash,
    rules.identifier_rank,
    rules.is_linking,
    {% if patterns %}
    case identifiers.identifier_type
        {% for type, pattern in patterns.items() %}
        when '{{ type }}' then {{ matches('lower(identifiers.identifier_value)', pattern) }}
        {% endfor %}
        else false
    end as is_blocked,
    {% else %}
    false as is_blocked,
    {% endif %}
    identifiers.first_seen_at,
    identifiers.last_seen_at,
    cast(identifiers.record_count as bigint) as record_count
from identifiers
inner join rules on identifiers.identifier_type = rules.identifier_type
