{# The identifiers that a relation as `profile_identifiers` gives to people, as a query; none where there is none. #}
{% macro told_identifiers(relation) -%}
    {{ rows_if_any(
        relation, {'identifier_hash': 'string', 'profile_id': 'string'}, 'profile_id is not null'
    ) }}
{%- endmacro %}
