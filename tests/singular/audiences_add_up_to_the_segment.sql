-- Everybody of a segment is in each of its campaigns' audiences or left out of it for a reason, and
-- nobody is in two audiences. A campaign that loses people on the way would look like one that nobody
-- fits.
with

playbook as (

    select * from {{ ref('campaign_playbook') }}

),

segments as (

    select
        segment,
        customers
    from {{ ref('lifecycle_distribution') }}
    where is_current

),

audiences as (

    select * from {{ ref('campaign_audiences') }}

),

counted as (

    select
        campaign_id,
        segment,
        count(case when is_in_audience and left_out_reason is null then channel end) as within,
        count(case when not is_in_audience and channel is null then left_out_reason end) as left_out,
        count(audience_rank) as ranked,
        max(audience_rank) as last_rank
    from audiences
    group by campaign_id, segment

)

select
    segments.segment,
    playbook.campaign_id,
    'does not add up' as problem
from segments
left join playbook on segments.segment = playbook.segment
left join counted
    on
        playbook.campaign_id = counted.campaign_id
        and segments.segment = counted.segment
where
    playbook.campaign_id is null
    or coalesce(counted.within + counted.left_out, 0) <> segments.customers
    or coalesce(counted.ranked <> counted.within, false)
    or coalesce(counted.ranked <> counted.last_rank, false)

union all

select
    max(segment) as segment,
    max(campaign_id) as campaign_id,
    'two audiences' as problem
from audiences
where is_in_audience
group by profile_id
having count(*) > 1
