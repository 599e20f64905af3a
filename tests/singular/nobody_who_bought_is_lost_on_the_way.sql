-- A join that loses people passes every test on the rows that are left. Whoever has a purchase must be
-- scored, or be out of the base for a stated reason.
select distinct purchases.profile_id
from {{ ref('int_purchases') }} as purchases
left join {{ ref('segment_membership') }} as membership
    on
        purchases.profile_id = membership.profile_id
        and membership.is_current
where
    membership.profile_id is null
    or (
        membership.recency_score is null
        and coalesce(membership.out_of_base_reason, 'none')
        not in ('last purchase is too long ago', 'test account')
    )
