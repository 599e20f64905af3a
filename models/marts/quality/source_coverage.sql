{% set switched_off = {
    'shop.orders': 'orders of the web shop',
    'shop.order_lines': 'margin from costs: the default rate is taken instead',
    'shop.refunds': 'refunds of shop orders: net revenue is what was paid',
    'shop.customers': 'country, birth year and staff accounts',
    'shop.products': 'costs of lines that state none',
    'pos.receipts': 'sales and returns at the till',
    'pos.receipt_lines': 'margin of receipts from costs: the default rate is taken instead',
    'pos.loyalty_members': 'links from loyalty cards to people',
    'web.events': 'visitors, visits and engagement from unprompted visits',
    'messaging.events': 'engagement from opened and clicked messages, cool-downs, results of campaigns',
    'messaging.consents': 'consent per channel, audiences and results of campaigns',
    'experiments.assignments': 'experiments that outside tools assign',
    'survey.nps_responses': 'NPS',
    'ads.spend': 'cost of advertising',
    'finance.exchange_rates': 'amounts in other currencies: such records are rejected',
    'privacy.erasure_requests': 'requests to be forgotten',
} %}

with

found as (

    select * from {{ ref('int_records__found') }}

),

accounting as (

    select * from {{ ref('int_records__accounting') }}

),

consequences as (

    {%- for source_table, consequence in switched_off.items() %}
    select
        '{{ source_table }}' as source_table,
        '{{ consequence }}' as consequence
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

)

select

    ---------- strings
    found.source_table,
    found.file_format,
    found.absent_columns,
    case when accounting.rows_in = 0 then consequences.consequence end as switched_off,

    ---------- numerics
    found.file_count,
    accounting.rows_in as row_count,

    ---------- booleans
    found.is_present,
    found.has_arrival,

    ---------- timestamps
    accounting.first_at,
    accounting.last_at

from found
left join accounting on found.source_table = accounting.source_table
left join consequences on found.source_table = consequences.source_table
