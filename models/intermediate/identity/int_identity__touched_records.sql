{# Of records that are others since the last finished build: what they name together, before and now, and where they were
   seen. Of tables of which records were added and none is another that is added to what is known; of others all are looked
   for that name the same. #}
{% set added_to = tables_only_added_to() %}
with

customers as (

    select
        *,
        {{ name_and_birth_date() }} as name_and_birth_date
    from {{ ref('base_shop__customers') }}

),

{% for source in identity_sources() %}
{{ source.name }} as (

    select
        '{{ source.source_table }}' as source_table,
        {% for identifier in linking_types() %}
        {% if identifier in source.identifiers %}
        records.{{ identifier }},
        {% else %}
        cast(null as string) as {{ identifier }},
        {% endif %}
        {% endfor %}
        case when {{ source.condition }} and records.is_kept then records.{{ source.key }} end as record_key,
        case when {{ source.condition }} and records.is_kept then records.{{ source.time }} end as seen_at,
        case when {{ source.condition }} and records.is_kept then 1 else 0 end as is_counted
    from {{ 'customers' if source.name == 'shop__customers' else ref('base_' ~ source.name) }} as records
    where
        {{ is_new('records') }}
        and coalesce(records.{{ source.identifiers | join(', records.') }}) is not null

),

{% endfor %}
unioned as (

    {% for source in identity_sources() %}
    select * from {{ source.name }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

combinations as (

    select
        source_table,
        {{ linking_types() | join(',\n        ') }},
        min(record_key) as record_key,
        min(seen_at) as first_seen_at,
        max(seen_at) as last_seen_at,
        cast(sum(is_counted) as bigint) as record_count
    from unioned
    group by source_table, {{ linking_types() | join(', ') }}

),

numbered as (

    select
        {% for identifier in linking_types() %}
        {{ hash_number("'" ~ identifier ~ ":' || " ~ identifier) }} as {{ identifier }}_node,
        {% endfor %}
        *
    from combinations

)

select
    {{ combination_number('source_table') }} as combination_id,
    {% if added_to %}
    source_table in ('{{ added_to | join("', '") }}') as is_added,
    {% else %}
    false as is_added,
    {% endif %}
    *
from numbered
