{# What became of every record of the raw tables. #}
-- depends_on: {{ ref('int_privacy__erased_records') }}
{% set told = told_relation('intermediate', 'int_records__delivered') %}
{% set told_times = {} %}
{% if told %}
{% for row in run_query('select source_table, first_at, last_at from ' ~ told ~ ' where first_at is not null').rows %}
{% do told_times.update({row[0]: {'first_at': row[1], 'last_at': row[2]}}) %}
{% endfor %}
{% endif %}
{% set people = personal_columns() | selectattr('is_person') | map(attribute='source_table') | list %}

with

{% for table in raw_tables() %}
{% set source_table = table.source ~ '.' ~ table.name %}
{% set base = ref('base_' ~ table.source ~ '__' ~ table.name) %}
{% set amount = table.amount or 'cast(null as decimal(18, 2))' %}
{% set amount_kept = 'sum(case when is_kept then ' ~ amount ~ ' end)' if table.amount else amount %}
{{ table.source }}__{{ table.name }} as (

    {# Of all rows, for which no column has to be read, and the money of those that are kept. #}
    select
        count(*) as row_count,
        {{ amount_kept }} as amount_kept
    from {{ base }}

),

{% set time = event_time(table.time) %}
{% set times = told_times.get(source_table) %}
{% if times -%}
{# Mostly something is as early or as late as in the last build, and the times of all others are not read. #}
{{ table.source }}__{{ table.name }}__ends as (

    {% for side, condition in {'min': "<= timestamp '" ~ times.first_at, 'max': ">= timestamp '" ~ times.last_at}.items() %}
    select {{ side }}({{ time }}) as happened_at
    from {{ base }}
    where
        is_kept
        and {{ time }} {{ condition }}'
    {{ 'union all' if loop.first }}
    {% endfor %}

),

{# One row, if nothing is; else nothing else is read. #}
{{ table.source }}__{{ table.name }}__gone as (

    select count(happened_at) as found
    from {{ table.source }}__{{ table.name }}__ends
    having count(happened_at) < 2

),

{% endif -%}
{{ table.source }}__{{ table.name }}__times as (

    select
        min(happened_at) as first_at,
        max(happened_at) as last_at
    from (
        select {{ time }} as happened_at
        from {{ base }}
        {% if times %}
        cross join {{ table.source }}__{{ table.name }}__gone
        {% endif %}
        where is_kept
        {% if times %}
        union all
        select happened_at from {{ table.source }}__{{ table.name }}__ends
        {% endif %}
    ) as happened

),

{# Few: nothing but these has to be told apart. #}
{% set is_gone = 'is_erased' if source_table in people else 'false' %}
{{ table.source }}__{{ table.name }}__aside as (

    select
        count(*) as row_count,
        {% for kind, condition in {
            'repeated': 'rejection_reason is null and not ' ~ is_gone,
            'rejected': 'rejection_reason is not null',
            'erased': 'rejection_reason is null and ' ~ is_gone,
        }.items() %}
        sum(case when {{ condition }} then 1 else 0 end) as rows_{{ kind }},
        sum(case when {{ condition }} then {{ amount }} end) as amount_{{ kind }},
        {% endfor %}
        min(case when rejection_reason is null then {{ event_time(table.time) }} end) as first_at,
        max(case when rejection_reason is null then {{ event_time(table.time) }} end) as last_at
    from {{ base }}
    where not is_kept

),

{% endfor %}
counted as (

    {% for table in raw_tables() %}
    select
        '{{ table.source }}.{{ table.name }}' as source_table,
        held.row_count - aside.row_count as rows_kept,
        held.amount_kept,
        aside.rows_repeated,
        aside.amount_repeated,
        aside.rows_rejected,
        aside.amount_rejected,
        aside.rows_erased,
        least(times.first_at, aside.first_at) as first_at,
        greatest(times.last_at, aside.last_at) as last_at
    from {{ table.source }}__{{ table.name }} as held
    cross join {{ table.source }}__{{ table.name }}__times as times
    cross join {{ table.source }}__{{ table.name }}__aside as aside
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select
    source_table,
    cast(rows_kept as bigint) as rows_kept,
    cast(amount_kept as decimal(18, 2)) as amount_kept,
    cast(coalesce(rows_repeated, 0) as bigint) as rows_repeated,
    cast(amount_repeated as decimal(18, 2)) as amount_repeated,
    cast(coalesce(rows_rejected, 0) as bigint) as rows_rejected,
    cast(amount_rejected as decimal(18, 2)) as amount_rejected,
    cast(coalesce(rows_erased, 0) as bigint) as rows_erased,
    first_at,
    last_at
from counted
