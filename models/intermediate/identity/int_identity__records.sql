{{ config(
    materialized=incremental_or_table(),
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook='{{ take_out_touched_records() }}',
    post_hook=['{{ drop_taken() }}', '{{ erase_people(this) }}'],
) }}

{# Only what tells identifiers apart goes on: a record that says nothing new adds to first and last seen.
   Robots are nobody. Erasure requests name people and link nothing. Whom an earlier build erased is erased again. Where
   records of a table were but added they are counted on, and none of the others is looked at. #}
{% do ref('int_identity__touched_nodes') %}
{% set told_apart_by = ['source_table'] + linking_types() %}
{% for identifier in linking_types() %}
{% do told_apart_by.append(identifier ~ '_node') %}
{% endfor %}
{% set columns = told_apart_by + ['record_key', 'first_seen_at', 'last_seen_at', 'record_count'] %}
{% for table in personal_columns() %}
{% do ref(table.name) %}
{% do ref(table.base) %}
{% endfor %}
with

{% if is_carried_on() %}
touched as (

    select * from {{ ref('int_identity__touched_records') }}

),

{% endif %}
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

),

found as (

    select
        {{ combination_number('source_table') }} as combination_id,
        {{ columns | join(',\n        ') }}
    from numbered
    {% if is_carried_on() %}
    union all
    select
        combination_id,
        {{ columns | join(',\n        ') }}
    from touched
    where
        is_added
        and record_count > 0
    union all
    {# What was known of combinations that were added to. #}
    select
        combination_id,
        {{ columns | join(',\n        ') }}
    from {{ taken_from(this) }}
    where source_table in (select touched.source_table from touched where touched.is_added)
    {% endif %}

)

select
    combination_id,
    {{ told_apart_by | join(',\n    ') }},
    {% if is_carried_on() %}
    min(record_key) as record_key,
    min(first_seen_at) as first_seen_at,
    max(last_seen_at) as last_seen_at,
    cast(sum(record_count) as bigint) as record_count,
    {% else %}
    record_key,
    first_seen_at,
    last_seen_at,
    cast(record_count as bigint) as record_count,
    {% endif %}
    {{ build_number() }} as _build_number
from found
{% if is_carried_on() %}
group by combination_id, {{ told_apart_by | join(', ') }}
{% endif %}
