{# The identifiers of erased people that earlier builds put on the deny list, as a query of `identifier_hash`. Not
   by ref(): the list of this build comes after the identity that it needs. #}
{% macro denied_identifiers() -%}
    {%- set list = adapter.get_relation(
        database=state_database(), schema=state_schema(),
        identifier='int_privacy__denied_identifiers'
    ) if execute else none -%}
    {%- if list is none -%}
        select cast(null as string) as identifier_hash where false
    {%- else -%}
        select identifier_hash from {{ list }}
    {%- endif -%}
{%- endmacro %}

{# What int_identity__erased_partners says of earlier builds, as a query. #}
{% macro erased_partners() -%}
    {%- set list = adapter.get_relation(
        database=state_database(), schema=state_schema(),
        identifier='int_identity__erased_partners'
    ) if execute else none -%}
    {%- if list is none -%}
        select
            cast(null as string) as identifier_hash,
            cast(null as string) as identifier_type,
            cast(null as string) as partner_type,
            cast(null as bigint) as partner_count
        where false
    {%- else -%}
        select * from {{ list }}
    {%- endif -%}
{%- endmacro %}
