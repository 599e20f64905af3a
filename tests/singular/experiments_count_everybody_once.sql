-- Whoever is in an experiment counts for one arm, or as mixed, or as held back: once among all, once in a
-- stage and once in a segment. Money of the groups adds up to that of all.
with

assigned as (

    select
        experiment_id,
        count(*) as people
    from {{ ref('experiment_assignments') }}
    group by experiment_id

),

counted as (

    select
        experiment_id,
        group_type,
        sum(people + held_back_people) as people,
        sum(measured_people) as measured_people,
        sum(converted) as converted,
        sum(revenue) as revenue,
        sum(margin) as margin
    from {{ ref('experiment_results') }}
    where method = 'unadjusted'
    group by experiment_id, group_type

),

whole as (

    select * from counted
    where group_type = 'all'

)

select
    assigned.experiment_id,
    counted.group_type,
    assigned.people,
    counted.people as counted_people
from assigned
left join counted on assigned.experiment_id = counted.experiment_id
where assigned.people <> coalesce(counted.people, -1)
union all
select
    whole.experiment_id,
    counted.group_type,
    whole.people,
    counted.people as counted_people
from whole
inner join counted on whole.experiment_id = counted.experiment_id
where
    whole.people <> counted.people
    or whole.measured_people <> counted.measured_people
    or whole.converted <> counted.converted
    or whole.revenue <> counted.revenue
    or whole.margin <> counted.margin
