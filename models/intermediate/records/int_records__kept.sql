-- depends_on: {{ ref('int_privacy__erased_records') }}
{% for table in raw_tables() %}
select
    '{{ table.source }}.{{ table.name }}' as source_table,
    cast(count(*) as bigint) as row_count,
    {{ 'sum(' ~ table.amount ~ ')' if table.amount else 'cast(null as decimal(18, 2))' }} as amount
from {{ ref('stg_' ~ table.source ~ '__' ~ table.name) }}
{% if not loop.last %}union all{% endif %}
{% endfor %}
