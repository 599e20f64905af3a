-- depends_on: {{ ref('int_privacy__erased_records') }}
{# Whom records name that are others since the last finished build, or of which the time has come since; by
   kinds of records. Written down, for DuckDB takes new rows to be a fifth of their tables, and would put all
   identifiers into a hash table to look for a few. #}
{% set kinds = {
    'shop__orders': 'orders', 'pos__receipts': 'orders', 'web__events': 'visits', 'messaging__events': 'messages',
} %}
{% set tables = [] %}
{% for source in identity_sources() %}
{% do tables.append({
    'model': 'base_' ~ source.name, 'time': source.time, 'reason': kinds.get(source.name, 'accounts'),
    'identifiers': source.identifiers | select('in', identifier_types()) | list,
}) %}
{% endfor %}

with

{% for table in tables %}
{{ table.model }} as (

    {{ new_rows(ref(table.model), table.time) }}

),

{% endfor %}
written_to as (

    select customer_id from base_messaging__events
    group by customer_id
    having count(*) > 0

),

{# A message to an account went to the address that the account states, and tells about that. #}
addresses_written_to as (

    select
        accounts.email,
        accounts.phone
    from {{ ref('base_shop__customers') }} as accounts
    where {{ is_among_few('accounts.customer_id', 'written_to') }}

),

written as (

    {% for table in tables + [
        {'model': 'addresses_written_to', 'reason': 'messages', 'identifiers': ['email', 'phone']}
    ] %}
    {% for type in table.identifiers %}
    select
        '{{ table.reason }}' as reason,
        '{{ type }}:' || {{ type }} as identifier_key
    from {{ table.model }}
    where {{ type }} is not null
    {{ 'union' if not loop.last }}
    {% endfor %}
    {{ 'union' if not loop.last }}
    {% endfor %}

)

{# By number: identifiers are many, and their texts long. #}
select
    {{ hash_number('identifier_key') }} as node_id,
    reason
from written
