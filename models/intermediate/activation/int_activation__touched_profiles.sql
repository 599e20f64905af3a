{# Of people who are touched in activation what their profiles say, looked for once for all models of it
   (`of_touched`). Nobody is touched where all is made anew. #}
select
    profile_id,
    has_email,
    is_email_reachable,
    is_phone_reachable,
    is_test,
    first_seen_on,
    contact_known_on
from {{ ref('int_profiles') }}
where {{ is_among_few('profile_id', ref('int_activation__touched')) }}
