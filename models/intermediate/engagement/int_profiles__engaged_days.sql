{% set reasons = ['identity', 'visits', 'messages'] %}
{{ carried_on('profile_id', reasons) }}

{# Days on which a person answered our marketing: opened or clicked a message, or came unprompted. #}
select
    profile_id,
    occurred_on as engaged_on
from {{ ref('int_profiles__messages') }}
where
    event_type in ('opened', 'clicked')
    and {{ is_touched('profile_id', by=reasons) }}
union
select
    profile_id,
    visited_on as engaged_on
from {{ ref('int_profiles__visits') }}
where
    is_unprompted
    and {{ is_touched('profile_id', by=reasons) }}
