{# Records of erased people say only that they were there. #}
{% set people = {} %}
{% for table in personal_columns() %}
{% do people.update({table.source_table: table}) %}
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
        {{ is_denied(people[source_table].identifiers) if source_table in people else 'false' }} as is_erased,
        {# Keys of these tables are identifiers themselves. #}
        {{ 'true' if source_table in people and people[source_table].is_person else 'false' }} as is_person,
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
    case when is_erased and is_person then '(erased)' else record_key end as record_key,
    reason,
    amount,
    loaded_at,
    file_name,
    case when is_erased then '(erased)' else raw_record end as raw_record
from rejected
