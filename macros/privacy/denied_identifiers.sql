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

{# Whether one of a row's identifiers is on the list, which the query has as `denied`. #}
{% macro is_denied(identifiers) -%}
    (
        {%- for identifier in identifiers %}
        coalesce(
            {{ hash_of("'" ~ identifier ~ ":' || " ~ identifier) }}
            in (select denied.identifier_hash from denied),
            false
        ) {{ 'or ' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
