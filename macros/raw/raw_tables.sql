{# The tables of the contract, for models that go through all of them: key, column of the money that is
   accounted for, and column of the event's time. Keys and times are those of the sources' meta. #}
{% macro raw_tables() -%}
    {%- set tables = [] -%}
    {%- for source, name, key, time, amount in [
        ('shop', 'orders', ['order_id'], 'ordered_at', 'total_amount'),
        ('shop', 'order_lines', ['order_line_id'], none, none),
        ('shop', 'refunds', ['refund_id'], 'refunded_at', 'amount'),
        ('shop', 'customers', ['customer_id'], none, none),
        ('shop', 'products', ['product_id'], none, none),
        ('pos', 'receipts', ['receipt_id'], 'sold_at', 'total_amount'),
        ('pos', 'receipt_lines', ['receipt_line_id'], none, none),
        ('pos', 'loyalty_members', ['loyalty_card_id'], 'joined_at', none),
        ('web', 'events', ['event_id'], 'occurred_at', none),
        ('messaging', 'events', ['event_id'], 'occurred_at', none),
        ('messaging', 'consents', ['consent_id'], 'changed_at', none),
        (
            'experiments', 'assignments',
            ['experiment_id', 'customer_id', 'email', 'phone', 'anonymous_id'], 'assigned_at', none
        ),
        ('survey', 'nps_responses', ['response_id'], 'responded_at', none),
        ('ads', 'spend', ['spend_date', 'channel', 'campaign', 'currency'], 'spend_date', 'cost'),
        ('finance', 'exchange_rates', ['rate_date', 'currency'], 'rate_date', none),
        ('privacy', 'erasure_requests', ['request_id'], 'requested_at', none),
    ] -%}
        {%- do tables.append({
            'source': source, 'name': name, 'key': key, 'time': time, 'amount': amount
        }) -%}
    {%- endfor -%}
    {{- return(tables) -}}
{%- endmacro %}
