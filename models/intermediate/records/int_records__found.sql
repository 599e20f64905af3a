{# What the run found of the contract; here so that marts can read it. #}
select * from {{ ref('stg_registry__tables') }}
