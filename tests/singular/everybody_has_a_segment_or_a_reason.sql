-- In the base with one segment, or out of it with a reason: never both, never neither.
select *
from {{ ref('segment_membership') }}
where
    (segment is null) = (out_of_base_reason is null)
    or (segment is null) <> (stage is null)
