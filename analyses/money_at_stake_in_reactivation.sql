-- What did the people of the reactivation stage spend while they still bought, and whom may we write to?
with

silent as (

    select
        profile_id,
        segment,
        recency_days,
        net_revenue
    from {{ ref('segment_membership') }}
    where
        is_current
        and stage = 'reactivate'

),

described as (

    select
        silent.segment,
        silent.recency_days,
        silent.net_revenue,
        coalesce(profiles.email_consent = 'granted', false) as may_be_mailed
    from silent
    inner join {{ ref('customer_profiles') }} as profiles
        on silent.profile_id = profiles.profile_id

),

summed as (

    select
        segment,
        count(*) as customers,
        sum(net_revenue) as net_revenue,
        cast(sum(net_revenue) / count(*) as decimal(18, 2)) as net_revenue_per_customer,
        count(case when may_be_mailed then 1 end) as customers_to_mail,
        sum(case when may_be_mailed then net_revenue else 0 end) as net_revenue_to_mail,
        min(recency_days) as shortest_silence_days,
        max(recency_days) as longest_silence_days
    from described
    group by segment

)

select * from summed
order by net_revenue_per_customer desc, segment asc
