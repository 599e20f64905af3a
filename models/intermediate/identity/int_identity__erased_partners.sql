{{ config(
    materialized='incremental',
    incremental_strategy='append',
    full_refresh=false,
    on_schema_change='fail',
    database=state_database(),
    schema=state_schema(),
) }}

{# State: how many partners an identifier has lost to erasure. Limits go on counting them, so that what was
   shared stays so: the build after an erasure changes nobody else. #}
with

denied as (

    select node_id from {{ ref('int_identity__nodes') }}
    where {{ is_among_few('identifier_hash', ref('int_privacy__denied_identifiers')) }}

),

lost as (

    {% for side, other in [('a', 'b'), ('b', 'a')] %}
    select distinct
        others.identifier_hash,
        links.type_{{ side }} as identifier_type,
        links.type_{{ other }} as partner_type,
        links.node_{{ other }} as partner_id
    from {{ ref('int_identity__links') }} as links
    inner join denied on links.node_{{ other }} = denied.node_id
    inner join {{ ref('int_identity__nodes') }} as others on links.node_{{ side }} = others.node_id
    left join denied as denied_too on links.node_{{ side }} = denied_too.node_id
    where
        denied_too.node_id is null
        and links.source_table <> 'seeds.identity_links'
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select
    identifier_hash,
    identifier_type,
    partner_type,
    count(*) as partner_count
from lost
group by identifier_hash, identifier_type, partner_type
