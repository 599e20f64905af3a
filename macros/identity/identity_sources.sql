{# The staged tables whose records name people: key, time, the identifiers that link, and which records count. #}
{% macro identity_sources() -%}
    {%- set sources = [] -%}
    {%- for name, key, time, identifiers, condition in [
        (
            'shop__orders', 'order_id', 'ordered_at',
            ['customer_id', 'email', 'phone', 'loyalty_card_id', 'anonymous_id'], none
        ),
        (
            'shop__customers', 'customer_id', 'created_at',
            linking_types() | select('in', ['customer_id', 'email', 'phone', 'name_and_birth_date']) | list, none
        ),
        ('pos__receipts', 'receipt_id', 'sold_at', ['email', 'phone', 'loyalty_card_id'], none),
        (
            'pos__loyalty_members', 'loyalty_card_id', 'joined_at',
            ['customer_id', 'email', 'phone', 'loyalty_card_id'], none
        ),
        ('web__events', 'event_id', 'occurred_at', ['customer_id', 'email', 'anonymous_id'], 'not is_bot'),
        ('messaging__events', 'event_id', 'occurred_at', ['customer_id', 'email', 'phone'], none),
        ('messaging__consents', 'consent_id', 'changed_at', ['customer_id', 'email', 'phone'], none),
        (
            'experiments__assignments', 'experiment_id', 'assigned_at',
            ['customer_id', 'email', 'phone', 'anonymous_id'], none
        ),
        ('survey__nps_responses', 'response_id', 'responded_at', ['customer_id', 'email'], none),
    ] -%}
        {%- do sources.append({
            'name': name, 'key': key, 'time': time, 'identifiers': identifiers, 'condition': condition or 'true',
            'source_table': name | replace('__', '.'),
        }) -%}
    {%- endfor -%}
    {{- return(sources) -}}
{%- endmacro %}
