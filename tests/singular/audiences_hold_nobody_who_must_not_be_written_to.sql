-- Consent, bounces, the global control group, test accounts and erasure, looked up once more for
-- everybody whom an audience names: a message that should not have been sent cannot be called back.
with

named as (

    select
        profile_id,
        campaign_id as audience,
        channel,
        false as is_retargeting
    from {{ ref('campaign_audiences') }}
    where is_in_audience

    union all

    select
        profile_id,
        interest as audience,
        channel,
        true as is_retargeting
    from {{ ref('retargeting_audiences') }}

),

consents as (

    select * from {{ ref('int_profiles__consents') }}

),

control as (

    select * from {{ ref('int_activation__global_control') }}
    where is_in_global_control

),

denied as (

    select distinct identifier_hash from {{ ref('int_privacy__denied_identifiers') }}

),

profiles as (

    select * from {{ ref('customer_profiles') }}

),

judged as (

    select
        named.profile_id,
        named.audience,
        case
            when profiles.profile_id is null then 'nobody has this id'
            when denied.identifier_hash is not null then 'erased'
            when profiles.is_test then 'test account'
            when control.profile_id is not null then 'global control'
            when consents.status = 'withdrawn' then 'consent withdrawn'
            when
                consents.status is null
                and not (named.channel = 'banner' and '{{ var("banner_consent") }}' = 'opt_out')
                then 'no consent'
            when named.channel = 'email' and not profiles.has_email then 'no address'
            when named.channel = 'sms' and not profiles.has_phone then 'no number'
            when
                not named.is_retargeting
                and (
                    (named.channel = 'email' and not profiles.is_email_reachable)
                    or (named.channel = 'sms' and not profiles.is_phone_reachable)
                )
                then 'bounced'
        end as why_not
    from named
    left join profiles on named.profile_id = profiles.profile_id
    left join denied on named.profile_id = denied.identifier_hash
    left join control on named.profile_id = control.profile_id
    left join consents
        on
            named.profile_id = consents.profile_id
            and named.channel = consents.channel

)

select * from judged
where why_not is not null
