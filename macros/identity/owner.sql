{# Whose a record is: the first of its identifiers tells that is somebody's. `joined_owners` gives the joins of a
   relation with int_identity__identifiers; `owner` the profile out of them. Both take the types of identifier that
   the record has, the most telling first. Of few records the `identifiers` that they name may be picked before
   (`identifiers_named_by`): DuckDB would put all into hash tables. They are looked for by number,
   and where the relation has nothing but numbers of names (`numbered`) it is joined by them. What is named is grouped, by
   a condition that every group meets: else it takes it for more than all identifiers, and sieves none of them (see
   `is_one_of_few`). #}
{% macro joined_owners(relation, types, identifiers=none, numbered=false) -%}
    {%- for type in types %}
    left join {{ identifiers or ref('int_identity__identifiers') }} as {{ owner_names()[type] }}
        on
            {%- if identifiers and numbered %}
            {{ relation }}.{{ type }}_number = {{ owner_names()[type] }}.name_number
            {%- else %}
            {{ relation }}.{{ type }} = {{ owner_names()[type] }}.identifier_value
            {%- endif %}
            and {{ owner_names()[type] }}.identifier_type = '{{ type }}'
    {%- endfor -%}
{%- endmacro %}

{% macro identifiers_named_by(relation, types, numbered=false) -%}
    {%- set number = 'name_number' if numbered else 'node_id' -%}
    select
        identifiers.identifier_type,
        identifiers.{{ 'name_number' if numbered else 'identifier_value' }},
        identifiers.profile_id
    from {{ ref('int_identity__identifiers') }} as identifiers
    where identifiers.{{ number }} in (
        select {{ number }}
        from (
            {%- for type in types %}
            select
                {%- if numbered %} named.{{ type }}_number as {{ number }}
                {%- else %} {{ hash_number("'" ~ type ~ ":' || named." ~ type) }} as {{ number }}
                {%- endif %}
            from {{ relation }} as named
            {{- ' union all' if not loop.last }}
            {%- endfor %}
        ) as every_named
        group by {{ number }}
        having count(*) > 0
    )
{%- endmacro %}

{% macro owner(types) -%}
    coalesce(
    {%- for type in types -%}
        {{ owner_names()[type] }}.profile_id{{ ', ' if not loop.last }}
    {%- endfor -%}
    )
{%- endmacro %}

{% macro owner_names() -%}
    {{- return({
        'customer_id': 'accounts', 'email': 'addresses', 'phone': 'numbers', 'anonymous_id': 'devices'
    }) -}}
{%- endmacro %}
