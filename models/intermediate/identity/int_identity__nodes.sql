{% set told = [
    'node_id', 'identifier_type', 'identifier_value', 'first_seen_at', 'last_seen_at', 'record_count'
] %}
{{ carried_on_from_taken(["take_out_touched('node_id', " ~ told ~ ")"]) }}

{# What is known of an identifier goes on, and more records are added to it; of one that lost some all are
   counted. #}
{% set patterns = blocked_patterns() %}

with

rules as (

    select * from {{ ref('identity_rules') }}

),

{% if is_carried_on() %}
recounted as (

    {{ recounted_nodes() }}

),

added as (

    {% for identifier in linking_types() %}
    select
        {{ hash_number("'" ~ identifier ~ ":' || " ~ identifier) }} as node_id,
        '{{ identifier }}' as identifier_type,
        {{ identifier }} as identifier_value,
        first_seen_at,
        last_seen_at,
        added_count
    from {{ ref('int_identity__touched_records') }}
    where {{ identifier }} is not null
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

names as (

    select
        node_id,
        identifier_type,
        identifier_value
    from added
    union
    select
        node_id,
        identifier_type,
        identifier_value
    from {{ taken_from(this) }}

),

mentions as (

    {% for identifier in linking_types() %}
    select
        {{ identifier }}_node as node_id,
        first_seen_at,
        last_seen_at,
        record_count
    from {{ ref('int_identity__recounted_records') }}
    where {{ identifier }}_node in (select recounted.node_id from recounted)
    union all
    {% endfor %}
    select
        node_id,
        first_seen_at,
        last_seen_at,
        added_count as record_count
    from added
    where
        added_count > 0
        and node_id not in (select recounted.node_id from recounted)
    union all
    select
        node_id,
        first_seen_at,
        last_seen_at,
        record_count
    from {{ taken_from(this) }}
    where node_id not in (select recounted.node_id from recounted)

),

identifiers as (

    select
        names.node_id,
        names.identifier_type,
        names.identifier_value,
        min(mentions.first_seen_at) as first_seen_at,
        max(mentions.last_seen_at) as last_seen_at,
        sum(mentions.record_count) as record_count
    from mentions
    inner join names on mentions.node_id = names.node_id
    group by names.node_id, names.identifier_type, names.identifier_value

)
{% else %}
{% if not execute %}
{% do ref('int_identity__touched_nodes') %}
{% do ref('int_identity__touched_records') %}
{% do ref('int_identity__recounted_records') %}
{% endif %}
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
    where {{ identifier }} is not null
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
{% endif %}

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
