select
    source_table,
    file_format,
    absent_columns,
    file_count,
    is_present,
    has_arrival
from {{ source('registry', 'tables') }}
