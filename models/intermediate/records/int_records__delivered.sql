{# What became of every record of the raw tables. #}
-- depends_on: {{ ref('int_privacy__erased_records') }}
{% set people = personal_columns() | selectattr('is_person') | map(attribute='source_table') | list %}
{% for table in raw_tables() %}
{% set source_table = table.source ~ '.' ~ table.name %}
{% set amount = table.amount or 'cast(null as decimal(18, 2))' %}
select
    '{{ source_table }}' as source_table,
    {% for kind, condition in {
        'kept': 'is_kept',
        'repeated': 'rejection_reason is null and not is_kept and not ' ~ ('is_erased' if source_table in people else 'false'),
        'rejected': 'rejection_reason is not null',
        'erased': 'rejection_reason is null and ' ~ ('is_erased' if source_table in people else 'false'),
    }.items() %}
    cast(sum(case when {{ condition }} then 1 else 0 end) as bigint) as rows_{{ kind }},
    {% if kind != 'erased' %}
    cast(sum(case when {{ condition }} then {{ amount }} end) as decimal(18, 2)) as amount_{{ kind }},
    {% endif %}
    {% endfor %}
    min(case when rejection_reason is null then {{ event_time(table.time) }} end) as first_at,
    max(case when rejection_reason is null then {{ event_time(table.time) }} end) as last_at
from {{ ref('base_' ~ table.source ~ '__' ~ table.name) }}
{% if not loop.last %}union all{% endif %}
{% endfor %}
