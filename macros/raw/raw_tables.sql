{# The tables of the contract, for models that go through all of them: key, column of the money that is
   accounted for, column of the event's time, and the tables that its records are judged by. Keys and times are
   those of the sources' meta. #}
{% macro raw_tables() -%}
    {%- set tables = [] -%}
    {%- for source, name, key, time, amount, judged_by in [
        ('shop', 'orders', ['order_id'], 'ordered_at', 'total_amount', ['finance.exchange_rates']),
        ('shop', 'order_lines', ['order_line_id'], none, none, ['shop.orders']),
        ('shop', 'refunds', ['refund_id'], 'refunded_at', 'amount', ['shop.orders']),
        ('shop', 'customers', ['customer_id'], none, none, []),
        ('shop', 'products', ['product_id'], none, none, []),
        ('pos', 'receipts', ['receipt_id'], 'sold_at', 'total_amount', ['finance.exchange_rates']),
        ('pos', 'receipt_lines', ['receipt_line_id'], none, none, ['pos.receipts']),
        ('pos', 'loyalty_members', ['loyalty_card_id'], 'joined_at', none, []),
        ('web', 'events', ['event_id'], 'occurred_at', none, []),
        ('messaging', 'events', ['event_id'], 'occurred_at', none, []),
        ('messaging', 'consents', ['consent_id'], 'changed_at', none, []),
        (
            'experiments', 'assignments',
            ['experiment_id', 'customer_id', 'email', 'phone', 'anonymous_id'], 'assigned_at', none, []
        ),
        ('survey', 'nps_responses', ['response_id'], 'responded_at', none, []),
        ('ads', 'spend', ['spend_date', 'channel', 'campaign', 'currency'], 'spend_date', 'cost', ['finance.exchange_rates']),
        ('finance', 'exchange_rates', ['rate_date', 'currency'], 'rate_date', none, []),
        ('privacy', 'erasure_requests', ['request_id'], 'requested_at', none, []),
    ] -%}
        {%- do tables.append({
            'source': source, 'name': name, 'key': key, 'time': time, 'amount': amount,
            'judged_by': judged_by
        }) -%}
    {%- endfor -%}
    {{- return(tables) -}}
{%- endmacro %}

{# One of them. #}
{% macro raw_table(source_name, name) -%}
    {{- return((raw_tables() | selectattr('source', 'equalto', source_name) | selectattr('name', 'equalto', name) | list)[0]) -}}
{%- endmacro %}
