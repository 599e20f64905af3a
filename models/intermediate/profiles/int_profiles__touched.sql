{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook='{{ forget_before_finished() }}',
) }}

{# More people than have changed may be here, and never fewer: everybody whom a changed record names, all whom
   an identifier went to or came from, whoever is told to have been at a device of several people, or not to, and all
   of whom a purchase has come into a window since or left it. Why, is told by kinds of records; whoever stood on a
   row with somebody who was erased is here for every reason, for nothing tells any more what it was. #}
{% set told_until = (last_finished() or {'as_of_date': '9999-12-31'}).as_of_date %}
{% set passed = [] %}
{% for window in [0, var('value_window_days'), 2 * var('value_window_days'), var('buyer_window_days')] %}
{% do passed.append(
    '(versions.purchased_on > ' ~ days_before("date '" ~ told_until ~ "'", window)
    ~ ' and versions.purchased_on <= ' ~ days_before('as_of.as_of_date', window) ~ ')'
) %}
{% endfor %}

with

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}
    {# On the same day nothing comes into a window or leaves it, and no purchase is looked at. #}
    where as_of_date > date '{{ told_until }}'

),

reattributed as (

    select
        source_table,
        old_profile_id,
        new_profile_id
    from {{ ref('int_identity__reattributed') }}

),

{# At a device of several everybody has visits of his own, and `reattributed` tells of whom. #}
touched_visitors as (

    select distinct visitor_number
    from {{ ref('int_web__touched') }}
    where
        {{ hash_number('visitor_key') }} not in (
            select told_devices.device_id from {{ ref('int_identity__touched_devices') }} as told_devices
            where told_devices.source_table <> 'none'
        )

),

new_events as (

    {{ new_rows(ref('base_web__events'), 'occurred_at') }}

),

named as (

    select
        node_id,
        reason
    from {{ ref('int_profiles__named') }}

),

{# Each is looked for alone, by few of them among many. #}
identifiers as (

    select
        node_id,
        profile_id
    from {{ ref('int_identity__identifiers') }}
    where {{ is_among_few('node_id', 'named') }}

),

touched_orders as (

    select
        order_key,
        order_number,
        old_profile_id
    from {{ ref('int_orders__touched') }}

),

placed as (

    select
        order_key,
        profile_id
    from {{ ref('int_orders__placed') }}
    where {{ is_among_few('order_number', 'touched_orders') }}

),

{% set is_of_touched_visitor = is_among_few('visitor_number', 'touched_visitors') %}
told_visits as (

    {{ rows_if_any(
        told_relation('intermediate', 'int_profiles__visits'),
        {'profile_id': 'string', 'visitor_number': 'bigint'},
        is_of_touched_visitor
    ) }}

),

moved as (

    select
        old_profile_id,
        new_profile_id,
        is_new
    from {{ ref('int_identity__moved') }}
    {# One that merely stands on more records is named by those. #}
    where coalesce(old_profile_id, '') <> coalesce(new_profile_id, '')

),

found as (

    select
        identifiers.profile_id,
        named.reason
    from identifiers
    inner join named on identifiers.node_id = named.node_id
    union
    {% for side in ['old', 'new'] %}
    select
        {{ side }}_profile_id as profile_id,
        'identity' as reason
    from moved
    union
    {# No record that stood names what is new. #}
    select
        {{ side }}_profile_id as profile_id,
        'owners' as reason
    from moved
    where not is_new
    union
    {% endfor %}
    select
        identifiers.profile_id,
        'every' as reason
    from {{ ref('int_identity__identifiers') }} as identifiers
    inner join {{ ref('int_identity__touched_nodes') }} as touched_nodes
        on identifiers.node_id = touched_nodes.node_id
    where touched_nodes.is_of_erased
    union
    select
        old_profile_id as profile_id,
        'orders' as reason
    from touched_orders
    union
    select
        profile_id,
        'orders' as reason
    from placed
    {# An event may make a visit of one that another was told to have made. #}
    union
    select
        told_visits.profile_id,
        'visits' as reason
    from told_visits
    inner join touched_visitors on told_visits.visitor_number = touched_visitors.visitor_number
    {% for side in ['old', 'new'] %}
    union
    select
        {{ side }}_profile_id as profile_id,
        case source_table when 'web.events' then 'visits' else 'orders' end as reason
    from reattributed
    {% endfor %}
    union
    select
        shared_device_records.profile_id,
        'visits' as reason
    from {{ ref('int_identity__shared_device_records') }} as shared_device_records
    inner join new_events on shared_device_records.record_id = new_events.event_id
    where shared_device_records.source_table = 'web.events'
    union
    select
        versions.profile_id,
        'orders' as reason
    from {{ ref('int_purchases__versions') }} as versions
    cross join as_of
    where
        {{ passed | join('\n        or ') }}

),

touched as (

    select * from found
    where {{ 'true' if last_finished() else 'false' }}

)

select
    profile_id,
    {{ number_of('profile_id') }} as profile_number,
    {% for reason in touched_reasons() %}
    max(case when reason in ('{{ reason }}', 'every') then 1 else 0 end) = 1 as by_{{ reason }},
    {% endfor %}
    {{ build_number() }} as build_number
from touched
where profile_id is not null
group by profile_id
