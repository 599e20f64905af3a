{% set terms = ['day', 'products'] %}
{{ carried_on_in_activation(terms) }}

with

interests as (

    select * from {{ ref('int_activation__product_interests') }}
    where {{ is_touched_in_activation('profile_id', terms) }}

),

profiles as (

    select * from {{ of_touched('int_profiles', terms) }}
    where not is_test

),

consents as (

    select
        profile_id,
        channel
    from {{ ref('int_profiles__consents') }}
    where
        status = 'granted'
        and {{ is_touched_in_activation('profile_id', terms) }}

),

refusals as (

    select * from {{ ref('int_profiles__consents') }}
    where
        status = 'withdrawn'
        and {{ is_touched_in_activation('profile_id', terms) }}

),

global_control as (

    select * from {{ made_in_activation(ref('int_activation__global_control'), terms) }}
    where is_in_global_control

),

{# A banner finds the person by his device, a list by his address: of the latter, consent to e-mail. #}
matched as (

    select
        interests.*,
        case
            when banners.profile_id is not null then 'banner'
            when emails.profile_id is not null and profiles.has_email then 'email'
        end as channel
    from interests
    inner join profiles on interests.profile_id = profiles.profile_id
    left join consents as banners
        on
            interests.profile_id = banners.profile_id
            and banners.channel = 'banner'
    left join consents as emails
        on
            interests.profile_id = emails.profile_id
            and emails.channel = 'email'
    {# Whoever has refused advertising on other sites is found by no list either. #}
    left join refusals
        on
            interests.profile_id = refusals.profile_id
            and refusals.channel = 'banner'
    left join global_control on interests.profile_id = global_control.profile_id
    where
        global_control.profile_id is null
        and refusals.profile_id is null

)

select

    ---------- ids
    profile_id,
    product_id,

    ---------- strings
    interest,
    subject,
    category,
    channel,

    ---------- numerics
    look_count,

    ---------- dates
    last_looked_on

from matched
where channel is not null
