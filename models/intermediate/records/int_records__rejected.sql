{# Records of erased people say only that they were there. #}
-- depends_on: {{ ref('int_privacy__erased_records') }}
{% set people = personal_columns() | selectattr('is_person') | map(attribute='source_table') | list %}

with

rejected as (

    {% for table in raw_tables() %}
    {% set source_table = table.source ~ '.' ~ table.name %}
    select
        '{{ source_table }}' as source_table,
        {# Keys of people's tables are identifiers themselves. #}
        {% if source_table in people -%}
        case
            when is_erased then '(erased)'
            else {{ key_text(table.key | reject('in', ['email', 'phone']) | list) }}
        end as record_key,
        {%- else -%}
        {{ key_text(table.key) }} as record_key,
        {%- endif %}
        rejection_reason as reason,
        {{ table.amount if table.amount else 'cast(null as decimal(18, 2))' }} as amount,
        _loaded_at as loaded_at,
        _part as file_name,
        raw_record
    from {{ ref('base_' ~ table.source ~ '__' ~ table.name) }}
    {#- By the least of all texts: blocks without any are not read. For `is not null` they would be. #}
    where rejection_reason >= ''
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select * from rejected
