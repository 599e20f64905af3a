{# The events themselves, so that nothing is looked for by them among all others. Of those whose owner may be
   another int_profiles__messages knows itself. #}
{% set types = ['customer_id', 'email', 'phone'] %}
{% set base = ref('base_messaging__events') %}

with

events as (

    {{ new_rows(base, 'occurred_at') }}
    {% for type in types %}
    union all
    select * from {{ base }}
    where {{ names_found(type) }}
    {% endfor %}

)

{# Of several deliveries of an event one is kept, or none. #}
select
    event_id,
    {{ number_of('event_id') }} as event_number,
    {% for column in ['channel', 'event_type', 'campaign_id', 'occurred_at'] %}
    max(case when is_kept then {{ column }} end) as {{ column }},
    {% endfor %}
    {% for type in types %}
    max(case when is_kept then {{ number_of(type) }} end) as {{ type }}_number,
    {% endfor %}
    max(case when is_kept then 1 else 0 end) = 1 as is_kept
from events
where event_id is not null
group by event_id
