{{ config(
    pre_hook="{{ erase_people(ref('int_identity__records'), ref('int_identity__nodes'), ref('int_identity__links')) }}",
    post_hook="delete from {{ ref('int_identity__touched_records') }} where true",
) }}

{# Erases people, and counts what staging has lost by it. Whatever reads people off staging comes after this
   model. What records named before, whose readers have read it, goes with them. #}
{% for table in personal_columns() %}
{% do ref(table.name) %}
{% endfor %}
{% do ref('int_identity__records') %}
{% do ref('int_identity__touched_nodes') %}
{% do ref('int_identity__nodes') %}
{% do ref('int_identity__links') %}
{% do ref('int_privacy__denied_identifiers') %}
{% do ref('int_identity__erased_partners') %}

with

counted as (

    {% for table in personal_columns() %}
    select
        '{{ table.source_table }}' as source_table,
        {{ 'true' if table.is_person else 'false' }} as is_removed,
        count(*) as row_count
    from {{ ref(table.base) }}
    where
        is_erased
        and rejection_reason is null
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select
    source_table,
    is_removed,
    cast(row_count as bigint) as row_count
from counted
