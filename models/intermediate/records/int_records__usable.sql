{# Before deduplication: what is kept and what only repeats it. #}
{% for table in raw_tables() %}
select
    '{{ table.source }}.{{ table.name }}' as source_table,
    cast(count(*) as bigint) as row_count,
    {# A record per key is kept, whatever the key holds. #}
    cast(count(distinct {% if table.key | length == 1 %}{{ table.key[0] }}{% else -%}
    concat_ws(
        '|',
        {%- for column in table.key %} coalesce(cast({{ column }} as string), ''){{ ',' if not loop.last }}{% endfor %}
    ){%- endif %}) as bigint) as key_count,
    {% if table.amount %}sum({{ table.amount }}){% else %}cast(null as decimal(18, 2)){% endif %} as amount,
    min({{ 'cast(' ~ table.time ~ ' as timestamp)' if table.time else 'cast(null as timestamp)' }}) as first_at,
    max({{ 'cast(' ~ table.time ~ ' as timestamp)' if table.time else 'cast(null as timestamp)' }}) as last_at
from {{ ref('base_' ~ table.source ~ '__' ~ table.name) }}
where rejection_reason is null
{% if not loop.last %}union all{% endif %}
{% endfor %}
