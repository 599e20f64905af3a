-- The books balance as well if one record is kept twice and another never.
{% for table in raw_tables() %}
{% set key = delivery_key(table.source, table.name) %}
select
    '{{ table.source }}.{{ table.name }}' as source_table,
    cast({{ key }} as string) as record_key,
    count(*) as deliveries
from {{ ref('base_' ~ table.source ~ '__' ~ table.name) }}
where
    rejection_reason is null
    and {{ key }} is not null
group by {{ key }}
having sum(case when is_kept then 1 else 0 end) <> 1
{% if not loop.last %}union all{% endif %}
{% endfor %}
