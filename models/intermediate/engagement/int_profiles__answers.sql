{% set reasons = ['owners', 'messages'] %}
{{ carried_on('profile_id', reasons) }}

{# What people have done about messages: one in nine events. Most say only that a message went out. #}
select
    event_id,
    channel,
    event_type,
    profile_id,
    occurred_on,
    occurred_at
from {{ touched_rows(ref('int_profiles__messages'), 'profile_number', by=reasons) }}
where event_type in ('opened', 'clicked', 'unsubscribed', 'complained')
