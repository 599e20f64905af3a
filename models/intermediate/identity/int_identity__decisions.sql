{# The joins and cuts that people decided on, as hashed identifiers, so that they can be compared whether or
   not the data has them. An identifier stands in the seed as it is written or, so that no address need be in
   a repository, as hash: and the `identifier_hash` of `profile_identifiers`. #}
with

written as (

    select
        'join' as decision,
        type_a,
        value_a,
        type_b,
        value_b
    from {{ ref('identity_links') }}
    union all
    select
        'cut' as decision,
        type_a,
        value_a,
        type_b,
        value_b
    from {{ ref('identity_splits') }}

),

cleaned as (

    select
        {% for side in ['a', 'b'] %}
        case
            when value_{{ side }} like 'hash:%' then value_{{ side }}
            when type_{{ side }} = 'email' then {{ clean_email('value_' ~ side) }}
            when type_{{ side }} = 'phone' then {{ clean_phone('value_' ~ side) }}
            else {{ clean_identifier('value_' ~ side) }}
        end as value_{{ side }},
        type_{{ side }},
        {% endfor %}
        decision
    from written

),

{# A label is what an error may show: accounts, cards and devices as they are, addresses hashed. #}
hashed as (

    select distinct
        {% for side in ['a', 'b'] %}
        type_{{ side }},
        case
            when value_{{ side }} like 'hash:%' then lower(substr(value_{{ side }}, 6))
            else {{ hash_of("type_" ~ side ~ " || ':' || value_" ~ side) }}
        end as hash_{{ side }},
        type_{{ side }} || ' ' || case
            when type_{{ side }} in ('email', 'phone') and value_{{ side }} not like 'hash:%'
                then 'hash:' || {{ hash_of("type_" ~ side ~ " || ':' || value_" ~ side) }}
            else value_{{ side }}
        end as label_{{ side }},
        {% endfor %}
        decision
    from cleaned

),

{% set unusable -%}
'seeds/identity_' || case decision when 'join' then 'links' else 'splits' end || '.csv: '
|| coalesce(label_a, type_a || ' (no such value)', '(no type)') || ' and '
|| coalesce(label_b, type_b || ' (no such value)', '(no type)')
|| ' are no two identifiers: give a type and a usable value on each side, and not the same twice.'
{%- endset %}
checked as (

    select
        decision,
        type_a,
        type_b,
        case
            when hash_a = hash_b or hash_a is null or hash_b is null then {{ fail(unusable) }}
            else hash_a
        end as hash_a,
        hash_b,
        label_a,
        label_b
    from hashed

)

select * from checked
