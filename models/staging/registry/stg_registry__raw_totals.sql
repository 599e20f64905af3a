{# Counted on the raw tables themselves and not on what staging makes of them: what came in is the side
   of the books that staging must not keep. #}
{% for table in raw_tables() %}
select
    '{{ table.source }}.{{ table.name }}' as source_table,
    cast(count(*) as bigint) as row_count,
    {% if table.amount -%}
    cast(sum(try_cast({{ table.amount }} as decimal(18, 2))) as decimal(18, 2))
    {%- else -%}
    cast(null as decimal(18, 2))
    {%- endif %} as amount
from {{ source(table.source, table.name) }}
{% if not loop.last %}union all{% endif %}
{% endfor %}
