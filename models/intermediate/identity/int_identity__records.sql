{# Only what tells identifiers apart goes on: a record that says nothing new adds to first and last seen.
   Robots are nobody. Erasure requests name people and link nothing. #}
{% set tables = [
    ('stg_shop__orders', 'ordered_at', ['customer_id', 'email', 'phone', 'loyalty_card_id', 'anonymous_id'], none),
    ('stg_shop__customers', 'created_at', ['customer_id', 'email', 'phone'], none),
    ('stg_pos__receipts', 'sold_at', ['email', 'phone', 'loyalty_card_id'], none),
    ('stg_pos__loyalty_members', 'joined_at', ['customer_id', 'email', 'phone', 'loyalty_card_id'], none),
    ('stg_web__events', 'occurred_at', ['customer_id', 'email', 'anonymous_id'], 'not is_bot'),
    ('stg_messaging__events', 'occurred_at', ['customer_id', 'email', 'phone'], none),
    ('stg_messaging__consents', 'changed_at', ['customer_id', 'email', 'phone'], none),
    ('stg_experiments__assignments', 'assigned_at', ['customer_id', 'email', 'phone', 'anonymous_id'], none),
    ('stg_survey__nps_responses', 'responded_at', ['customer_id', 'email'], none),
] %}

with


{% for model, time, columns, condition in tables %}
{{ model[4:] }} as (

    select
        {% for identifier in identifier_types() %}
        {{ identifier if identifier in columns else 'cast(null as string)' }} as {{ identifier }},
        {% endfor %}
        min({{ time }}) as first_seen_at,
        max({{ time }}) as last_seen_at,
        count(*) as record_count
    from {{ ref(model) }}
    where
        coalesce({{ columns | join(', ') }}) is not null
        and {{ condition or 'true' }}
    group by {{ columns | join(', ') }}

),

{% endfor %}
unioned as (

    {% for model, time, columns, condition in tables %}
    select
        '{{ model[4:] | replace('__', '.') }}' as source_table,
        *
    from {{ model[4:] }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select * from unioned
