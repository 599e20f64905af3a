{{ config(
    materialized=incremental_or_table(),
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook='{{ forget_touched_records() }}',
    post_hook='{{ erase_people(this) }}',
) }}

{# Only what tells identifiers apart goes on: a record that says nothing new adds to first and last seen.
   Robots are nobody. Erasure requests name people and link nothing. Whom an earlier build erased is erased again. #}
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
        *
    from {{ source.name }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

numbered as (

    select
        {% for identifier in linking_types() %}
        {{ hash_number("'" ~ identifier ~ ":' || " ~ identifier) }} as {{ identifier }}_node,
        {% endfor %}
        unioned.*
    from unioned

)

select
    {{ combination_number('source_table') }} as combination_id,
    source_table,
    {% for identifier in linking_types() %}
    {{ identifier }},
    {% endfor %}
    {% for identifier in linking_types() %}
    {{ identifier }}_node,
    {% endfor %}
    record_key,
    first_seen_at,
    last_seen_at,
    cast(record_count as bigint) as record_count,
    {{ build_number() }} as _build_number
from numbered
