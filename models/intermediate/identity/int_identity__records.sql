{{ config(post_hook='{{ erase_people(this) }}') }}

{# Only what tells identifiers apart goes on: a record that says nothing new adds to first and last seen.
   Robots are nobody. Erasure requests name people and link nothing. Whom an earlier build erased is erased again. #}
{% for table in personal_columns() %}
{% do ref(table.name) %}
{% do ref(table.base) %}
{% endfor %}
{% set tables = [
    ('stg_shop__orders', 'order_id', 'ordered_at', ['customer_id', 'email', 'phone', 'loyalty_card_id', 'anonymous_id'], none),
    (
        'stg_shop__customers', 'customer_id', 'created_at',
        linking_types() | select('in', ['customer_id', 'email', 'phone', 'name_and_birth_date']) | list, none
    ),
    ('stg_pos__receipts', 'receipt_id', 'sold_at', ['email', 'phone', 'loyalty_card_id'], none),
    ('stg_pos__loyalty_members', 'loyalty_card_id', 'joined_at', ['customer_id', 'email', 'phone', 'loyalty_card_id'], none),
    ('stg_web__events', 'event_id', 'occurred_at', ['customer_id', 'email', 'anonymous_id'], 'not is_bot'),
    ('stg_messaging__events', 'event_id', 'occurred_at', ['customer_id', 'email', 'phone'], none),
    ('stg_messaging__consents', 'consent_id', 'changed_at', ['customer_id', 'email', 'phone'], none),
    ('stg_experiments__assignments', 'experiment_id', 'assigned_at', ['customer_id', 'email', 'phone', 'anonymous_id'], none),
    ('stg_survey__nps_responses', 'response_id', 'responded_at', ['customer_id', 'email'], none),
] %}

with

customers as (

    select
        *,
        {{ name_and_birth_date() }} as name_and_birth_date
    from {{ ref('stg_shop__customers') }}

),

{% for model, key, time, columns, condition in tables %}
{{ model[4:] }} as (

    select
        {% for identifier in linking_types() %}
        {% if identifier in columns %}
        {{ identifier }},
        {% else %}
        cast(null as string) as {{ identifier }},
        {% endif %}
        {% endfor %}
        min({{ key }}) as record_key,
        min({{ time }}) as first_seen_at,
        max({{ time }}) as last_seen_at,
        count(*) as record_count
    from {{ 'customers' if model == 'stg_shop__customers' else ref(model) }}
    where
        coalesce({{ columns | join(', ') }}) is not null
        and {{ condition or 'true' }}
    group by {{ columns | join(', ') }}

),

{% endfor %}
unioned as (

    {% for model, key, time, columns, condition in tables %}
    select
        '{{ model[4:] | replace('__', '.') }}' as source_table,
        *
    from {{ model[4:] }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select
    source_table,
    {% for identifier in linking_types() %}
    {{ identifier }},
    {% endfor %}
    {% for identifier in linking_types() %}
    {{ hash_number("'" ~ identifier ~ ":' || " ~ identifier) }} as {{ identifier }}_node,
    {% endfor %}
    record_key,
    first_seen_at,
    last_seen_at,
    cast(record_count as bigint) as record_count
from unioned
