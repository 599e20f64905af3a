{# Records of erased people say only that they were there. #}
{% set identifiers = {} %}
{% for table in personal_columns() %}
{% do identifiers.update({table.source_table: table.identifiers}) %}
{% endfor %}

with

denied as (

    select distinct identifier_hash from {{ ref('int_privacy__denied_identifiers') }}

),

rejected as (

    {% for table in raw_tables() %}
    {% set source_table = table.source ~ '.' ~ table.name %}
    select
        '{{ source_table }}' as source_table,
        {{ key_text(table.key | reject('in', ['email', 'phone']) | list) }} as record_key,
        rejection_reason as reason,
        {{ table.amount if table.amount else 'cast(null as decimal(18, 2))' }} as amount,
        {{ is_denied(identifiers[source_table]) if source_table in identifiers else 'false' }} as is_erased,
        _loaded_at as loaded_at,
        _file as file_name,
        {{ raw_record('raw_row') }} as raw_record
    from {{ ref('base_' ~ table.source ~ '__' ~ table.name) }}
    where rejection_reason is not null
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select
    source_table,
    case when is_erased then '(erased)' else record_key end as record_key,
    reason,
    amount,
    loaded_at,
    file_name,
    case when is_erased then '(erased)' else raw_record end as raw_record
from rejected
