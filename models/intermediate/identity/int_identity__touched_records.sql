{# Of records that are others since the last finished build: what they name together, before and now. #}
with

customers as (

    select
        *,
        {{ name_and_birth_date() }} as name_and_birth_date
    from {{ ref('base_shop__customers') }}

),

touched as (

    {% for source in identity_sources() %}
    select
        {% for identifier in linking_types() %}
        {% if identifier in source.identifiers %}
        records.{{ identifier }},
        {% else %}
        cast(null as string) as {{ identifier }},
        {% endif %}
        {% endfor %}
        '{{ source.source_table }}' as source_table
    from {{ 'customers' if source.name == 'shop__customers' else ref('base_' ~ source.name) }} as records
    where {{ is_new('records') }}
    {% if not loop.last %}union{% endif %}
    {% endfor %}

)

select
    source_table,
    {{ linking_types() | join(',\n    ') }}
from touched
where coalesce({{ linking_types() | join(', ') }}) is not null
