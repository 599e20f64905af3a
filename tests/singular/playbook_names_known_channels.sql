-- A slip in the list of channels would silently leave a campaign without one of them, or without an audience.
with

playbook as (

    select
        campaign_id,
        channels
    from {{ ref('campaign_playbook') }}

)

select * from playbook
where not {{ matches('channels', "'^(email|sms|push|banner)([|](email|sms|push|banner))*$'") }}
