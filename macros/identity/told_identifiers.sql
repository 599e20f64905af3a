{# The identifiers that a relation as `profile_identifiers` gives to people, as a query; none where there is none. #}
{% macro told_identifiers(relation) -%}
    {%- if relation is none -%}
        select
            cast(null as string) as identifier_hash,
            cast(null as string) as profile_id
        where false
    {%- else -%}
        select
            identifier_hash,
            profile_id
        from {{ relation }}
        where profile_id is not null
    {%- endif -%}
{%- endmacro %}
