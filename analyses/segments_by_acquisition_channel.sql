-- Where are the buyers of each acquisition channel today, and which channels bring people who stay?
with

buyers as (

    select
        acquisition_channel,
        stage,
        segment
    from {{ ref('customer_profiles') }}
    where
        acquisition_channel is not null
        and segment is not null

),

counted as (

    select
        acquisition_channel,
        stage,
        segment,
        count(*) as buyers
    from buyers
    group by acquisition_channel, stage, segment

),

compared as (

    select
        acquisition_channel,
        stage,
        segment,
        buyers,
        cast(buyers as double)
        / cast(sum(buyers) over (partition by acquisition_channel) as double) as share_of_channel,
        cast(sum(buyers) over (partition by segment) as double)
        / cast(sum(buyers) over () as double) as share_of_all
    from counted

)

select
    compared.acquisition_channel,
    compared.stage,
    compared.segment,
    compared.buyers,
    compared.share_of_channel,
    compared.share_of_all,
    compared.share_of_channel / compared.share_of_all as index_to_all
from compared
inner join {{ ref('lifecycle_distribution') }} as distribution
    on
        compared.segment = distribution.segment
        and distribution.is_current
order by compared.acquisition_channel, distribution.segment_order
