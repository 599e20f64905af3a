-- A rule with a slip in its segment or stage would send people where nobody looks.
select
    rules.map,
    rules.priority,
    rules.segment,
    rules.stage
from {{ ref('segment_rules') }} as rules
left join {{ ref('segments') }} as segments
    on
        rules.segment = segments.segment
        and rules.stage = segments.stage
where segments.segment is null
