{% for table in raw_tables() %}
select
    '{{ table.source }}.{{ table.name }}' as source_table,
    {{ key_text(table.key | reject('in', ['email', 'phone']) | list) }} as record_key,
    rejection_reason as reason,
    {{ table.amount if table.amount else 'cast(null as decimal(18, 2))' }} as amount,
    _loaded_at as loaded_at,
    _file as file_name,
    {{ raw_record('raw_row') }} as raw_record
from {{ ref('base_' ~ table.source ~ '__' ~ table.name) }}
where rejection_reason is not null
{% if not loop.last %}union all{% endif %}
{% endfor %}
