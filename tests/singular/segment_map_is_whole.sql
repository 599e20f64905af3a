-- The map in force has 500 cells, and each of the twelve segments of buyers can be reached.
select
    count(*) as cells,
    count(distinct segment) as segments
from {{ ref('int_segments__map') }}
having count(*) <> 500 or count(distinct segment) <> 12
