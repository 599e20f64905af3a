{# Of records that are others since the last finished build: what they name together, before and now, and how
   many more that is of each combination. One that came again, and says the same of whom and when, is none more. #}
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
        {% for identifier in source.identifiers %}
        records.{{ identifier }},
        {% endfor %}
        records.{{ source.key }} as record_key,
        records.{{ source.time }} as seen_at,
        count(case when records.is_kept and {{ source.condition }} then 1 end)
        - count(case when records.was_kept and {{ source.condition }} then 1 end) as record_count
    from {{ 'customers' if source.name == 'shop__customers' else ref('base_' ~ source.name) }} as records
    where {{ is_new('records') }}
    group by records.{{ (source.identifiers + [source.key, source.time]) | unique | join(', records.') }}

),

{% endfor %}
touched as (

    {% for source in identity_sources() %}
    select
        {% for identifier in linking_types() %}
        {{ identifier if identifier in source.identifiers else 'cast(null as string) as ' ~ identifier }},
        {% endfor %}
        '{{ source.source_table }}' as source_table,
        record_key,
        seen_at,
        record_count
    from {{ source.name }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select
    source_table,
    {{ linking_types() | join(',\n    ') }},
    min(case when record_count > 0 then record_key end) as record_key,
    min(case when record_count > 0 then seen_at end) as first_seen_at,
    max(case when record_count > 0 then seen_at end) as last_seen_at,
    {# Of a combination that a record is not of any more, nothing tells when else it was seen. #}
    {% if follows_finished() %}
    case when min(record_count) >= 0 then cast(sum(record_count) as bigint) end as added_count
    {% else %}
    cast(null as bigint) as added_count
    {% endif %}
from touched
where coalesce({{ linking_types() | join(', ') }}) is not null
group by source_table, {{ linking_types() | join(', ') }}
