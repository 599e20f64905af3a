{# Whose a record is: the first of its identifiers tells that is somebody's. `joined_owners` gives the joins of a
   relation with int_identity__identifiers; `owner` the profile out of them. Both take the types of identifier that
   the record has, the most telling first. Of few records the `identifiers` that they name may be picked before
   (`identifiers_named_by`): DuckDB would put all into hash tables. What is named is grouped, by a condition that every
   group meets: else it takes it for more than all identifiers, and sieves none of them (see `is_one_of_few`). #}
{% macro joined_owners(relation, types, identifiers=none) -%}
    {%- for type in types %}
    left join {{ identifiers or ref('int_identity__identifiers') }} as {{ owner_names()[type] }}
        on
            {{ relation }}.{{ type }} = {{ owner_names()[type] }}.identifier_value
            and {{ owner_names()[type] }}.identifier_type = '{{ type }}'
    {%- endfor -%}
{%- endmacro %}

{% macro identifiers_named_by(relation, types) -%}
    select
        identifiers.identifier_type,
        identifiers.identifier_value,
        identifiers.profile_id
    from {{ ref('int_identity__identifiers') }} as identifiers
    where identifiers.identifier_value in (
        select identifier_value
        from (
            {%- for type in types %}
            select named.{{ type }} as identifier_value
            from {{ relation }} as named
            {{- ' union all' if not loop.last }}
            {%- endfor %}
        ) as every_named
        group by identifier_value
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
