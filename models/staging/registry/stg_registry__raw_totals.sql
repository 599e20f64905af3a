{{ config(
    materialized=incremental_or_table(),
    incremental_strategy='delete+insert',
    unique_key='source_table',
    on_schema_change='fail',
    post_hook='{{ note_what_was_counted() }}',
) }}

{# Counted on the raw tables themselves and not on what staging makes of them: what came in is the side
   of the books that staging must not keep. Files that are as they were counted are not counted again. #}
with

counted as (

    {% for table in raw_tables() %}
    {% set plan = counting_plan(table.source, table.name) %}
    select
        '{{ table.source }}.{{ table.name }}' as source_table,
        count(*) as row_count,
        {% if table.amount -%}
        sum(try_cast({{ table.amount }} as decimal(18, 2))) as amount
        {%- else -%}
        cast(null as decimal(18, 2)) as amount
        {%- endif %}
    from {{ source(table.source, table.name) }}
    where {{ is_unread(table.source, table.name, plan) }}
    {% if plan.mode in ('files', 'nothing') %}
    union all
    select
        source_table,
        row_count,
        amount
    from {{ this }}
    where source_table = '{{ table.source }}.{{ table.name }}'
    {% endif %}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select
    source_table,
    cast(sum(row_count) as bigint) as row_count,
    cast(sum(amount) as decimal(18, 2)) as amount
from counted
group by source_table
