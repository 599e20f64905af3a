{# Before deduplication: what is kept and what only repeats it. #}
{% for table in raw_tables() %}
select
    '{{ table.source }}.{{ table.name }}' as source_table,
    cast(count(*) as bigint) as row_count,
    {# A record per key is kept, whatever the key holds. #}
    cast(count(distinct {{ key_text(table.key) }}) as bigint) as key_count,
    sum({{ table.amount or 'cast(null as decimal(18, 2))' }}) as amount,
    min({{ event_time(table.time) }}) as first_at,
    max({{ event_time(table.time) }}) as last_at
from {{ ref('base_' ~ table.source ~ '__' ~ table.name) }}
where rejection_reason is null
{% if not loop.last %}union all{% endif %}
{% endfor %}
