{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook='{{ forget_before_finished("is_at_shared_device") }}',
) }}

{# More people than have changed may be here, and never fewer: everybody whom a changed record names, all whom
   an identifier went to or came from, all who use a device together, now or in the build before, and all of
   whom a purchase has come into a window since or left it. Why, is told by kinds of records; whoever stood on a
   row with somebody who was erased is here for every reason, for nothing tells any more what it was. #}
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
{% set told_until = (last_finished() or {'as_of_date': '9999-12-31'}).as_of_date %}

with

identifiers as (

    select * from {{ ref('int_identity__identifiers') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

placed as (

    select * from {{ ref('int_orders__placed') }}

),

touched_visitors as (

    select * from {{ ref('int_web__touched') }}

),

told_visits as (

    {{ rows_if_any(
        told_relation('intermediate', 'int_profiles__visits'), {'profile_id': 'string', 'visitor_key': 'string'}
    ) }}

),

shared_device_records as (

    select * from {{ ref('int_identity__shared_device_records') }}

),

{% for table in tables %}
{{ table.model }} as (

    {{ new_rows(ref(table.model), table.time) }}

),

{% endfor %}
written_to as (

    select distinct customer_id from base_messaging__events

),

{# A message to an account went to the address that the account states, and tells about that. #}
addresses_written_to as (

    select
        accounts.email,
        accounts.phone
    from {{ ref('base_shop__customers') }} as accounts
    inner join written_to on accounts.customer_id = written_to.customer_id

),

named as (

    {% for table in tables + [
        {'model': 'addresses_written_to', 'reason': 'messages', 'identifiers': ['email', 'phone']}
    ] %}
    {% for type in table.identifiers %}
    select
        '{{ table.reason }}' as reason,
        '{{ type }}' as identifier_type,
        {{ type }} as identifier_value
    from {{ table.model }}
    where {{ type }} is not null
    {{ 'union' if not loop.last }}
    {% endfor %}
    {{ 'union' if not loop.last }}
    {% endfor %}

),

moved as (

    select * from {{ ref('int_identity__moved') }}
    {# One that merely stands on more records is named by those. #}
    where coalesce(old_profile_id, '') <> coalesce(new_profile_id, '')

),

found as (

    select
        identifiers.profile_id,
        named.reason
    from identifiers
    inner join named
        on
            identifiers.identifier_type = named.identifier_type
            and identifiers.identifier_value = named.identifier_value
    union
    select
        old_profile_id as profile_id,
        'identity' as reason
    from moved
    union
    select
        new_profile_id as profile_id,
        'identity' as reason
    from moved
    union
    select
        identifiers.profile_id,
        'every' as reason
    from identifiers
    inner join {{ ref('int_identity__touched_nodes') }} as touched_nodes
        on identifiers.node_id = touched_nodes.node_id
    where touched_nodes.is_of_erased
    union
    select
        old_profile_id as profile_id,
        'orders' as reason
    from {{ ref('int_orders__touched') }}
    union
    select
        placed.profile_id,
        'orders' as reason
    from placed
    inner join {{ ref('int_orders__touched') }} as touched_orders
        on placed.order_key = touched_orders.order_key
    {# An event may make a visit of one that another was told to have made. #}
    union
    select
        told_visits.profile_id,
        'visits' as reason
    from told_visits
    inner join touched_visitors on told_visits.visitor_key = touched_visitors.visitor_key
    {% for window in [0, var('value_window_days'), 2 * var('value_window_days'), var('buyer_window_days')] %}
    union
    select
        versions.profile_id,
        'orders' as reason
    from {{ ref('int_purchases__versions') }} as versions
    inner join as_of on {{ days_after('versions.purchased_on', window) }} <= as_of.as_of_date
    where {{ days_after('versions.purchased_on', window) }} > date '{{ told_until }}'
    {% endfor %}

),

touched as (

    select
        profile_id,
        reason,
        false as is_at_shared_device
    from found
    where {{ 'true' if last_finished() else 'false' }}
    union all
    select
        profile_id,
        case source_table when 'web.events' then 'visits' else 'orders' end as reason,
        true as is_at_shared_device
    from shared_device_records

)

select
    profile_id,
    is_at_shared_device,
    {% for reason in touched_reasons() %}
    max(case when reason in ('{{ reason }}', 'every') then 1 else 0 end) = 1 as by_{{ reason }},
    {% endfor %}
    {{ build_number() }} as build_number
from touched
where profile_id is not null
group by profile_id, is_at_shared_device
