{{ carried_on_from_taken(['take_out_touched_records()'], then=['erase_people(this)']) }}

{# Only what tells identifiers apart goes on: a record that says nothing new adds to first and last seen.
   Robots are nobody. Erasure requests name people and link nothing. Whom an earlier build erased is erased again.
   To a combination that has come on more records these are added; of one that lost some all are counted anew. #}
{% do ref('int_identity__touched_nodes') %}
{% for table in personal_columns() %}
{% do ref(table.name) %}
{% do ref(table.base) %}
{% endfor %}
with

customers as (

    select
        *,
        {{ name_and_birth_date() }} as name_and_birth_date
    from {{ ref('stg_shop__customers') }}

),

{% for source in identity_sources() %}
{% set columns = source.identifiers %}
{{ source.name }} as (

    select
        {% for identifier in linking_types() %}
        {% if identifier in columns %}
        records.{{ identifier }},
        {% else %}
        cast(null as string) as {{ identifier }},
        {% endif %}
        {% endfor %}
        min(records.{{ source.key }}) as record_key,
        min(records.{{ source.time }}) as first_seen_at,
        max(records.{{ source.time }}) as last_seen_at,
        count(*) as record_count
    {% set relation = 'customers' if source.name == 'shop__customers' else ref('stg_' ~ source.name) %}
    from {{ records_to_join(relation, source) }} as records
    {{ joined_touched_records('records', source) }}
    where
        coalesce(records.{{ columns | join(', records.') }}) is not null
        and {{ source.condition }}
    group by records.{{ columns | join(', records.') }}

),

{% endfor %}
unioned as (

    {% for source in identity_sources() %}
    select
        '{{ source.source_table }}' as source_table,
        *,
        false as is_added
    from {{ source.name }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
    {% if is_carried_on() %}
    union all
    select
        source_table,
        {{ linking_types() | join(',\n        ') }},
        record_key,
        first_seen_at,
        last_seen_at,
        added_count as record_count,
        true as is_added
    from {{ ref('int_identity__touched_records') }}
    where added_count > 0
    {% endif %}

),

numbered as (

    select
        {% for identifier in linking_types() %}
        {{ hash_number("'" ~ identifier ~ ":' || " ~ identifier) }} as {{ identifier }}_node,
        {% endfor %}
        unioned.*
    from unioned

),

found as (

    select
        {{ combination_number('source_table') }} as combination_id,
        numbered.*
    from numbered

)
{%- if is_carried_on() -%}
,

{# Of what was erased from several combinations the same may have been left. #}
told as (

    select
        combination_id,
        min(record_key) as record_key,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at,
        sum(record_count) as record_count
    from {{ taken_from(this) }}
    group by combination_id

)
{%- endif %}

select
    found.combination_id,
    found.source_table,
    {% for identifier in linking_types() %}
    found.{{ identifier }},
    {% endfor %}
    {% for identifier in linking_types() %}
    found.{{ identifier }}_node,
    {% endfor %}
    {% if is_carried_on() %}
    least(found.record_key, told.record_key) as record_key,
    least(found.first_seen_at, told.first_seen_at) as first_seen_at,
    greatest(found.last_seen_at, told.last_seen_at) as last_seen_at,
    cast(found.record_count + coalesce(told.record_count, 0) as bigint) as record_count,
    {% else %}
    found.record_key,
    found.first_seen_at,
    found.last_seen_at,
    cast(found.record_count as bigint) as record_count,
    {% endif %}
    {{ build_number() }} as _build_number
from found
{% if is_carried_on() %}
{# DuckDB would hold every row against every other, if the flag were a condition by itself. #}
left join told on case when found.is_added then found.combination_id end = told.combination_id
{% endif %}
