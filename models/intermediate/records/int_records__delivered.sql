{# What became of every record of the raw tables. #}
-- depends_on: {{ ref('int_privacy__erased_records') }}
{% set people = personal_columns() | selectattr('is_person') | map(attribute='source_table') | list %}

with

{% for table in raw_tables() %}
{% set source_table = table.source ~ '.' ~ table.name %}
{% set base = ref('base_' ~ table.source ~ '__' ~ table.name) %}
{% set amount = table.amount or 'cast(null as decimal(18, 2))' %}
{{ table.source }}__{{ table.name }} as (

    select
        count(*) as row_count,
        sum({{ amount }}) as amount,
        min({{ event_time(table.time) }}) as first_at,
        max({{ event_time(table.time) }}) as last_at
    from {{ base }}
    where is_kept

),

{# Few: nothing but these has to be told apart. #}
{% set is_gone = 'is_erased' if source_table in people else 'false' %}
{{ table.source }}__{{ table.name }}__aside as (

    select
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
        kept.row_count as rows_kept,
        kept.amount as amount_kept,
        aside.rows_repeated,
        aside.amount_repeated,
        aside.rows_rejected,
        aside.amount_rejected,
        aside.rows_erased,
        least(kept.first_at, aside.first_at) as first_at,
        greatest(kept.last_at, aside.last_at) as last_at
    from {{ table.source }}__{{ table.name }} as kept
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
