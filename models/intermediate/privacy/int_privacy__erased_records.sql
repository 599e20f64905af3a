{{ config(post_hook='{{ erase_people() }}') }}

{# What erasure takes out of staging, counted first; the hook then does it. Whatever reads people off staging
   comes after this model. #}
{% for table in personal_columns() %}
{% do ref(table.name) %}
{% endfor %}
{% do ref('int_identity__records') %}
{% do ref('int_identity__links') %}

with

erased_keys as (

    {{ erased_keys_sql(ref('int_identity__nodes')) }}

),

counted as (

    {% for table in personal_columns() %}
    select
        '{{ table.source_table }}' as source_table,
        {{ 'true' if table.is_person else 'false' }} as is_removed,
        cast(count(*) as bigint) as row_count
    from {{ ref(table.name) }}
    where
        {{ strongest_identifier(table.identifiers) }}
        in (select erased_keys.identifier_key from erased_keys)
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select * from counted
