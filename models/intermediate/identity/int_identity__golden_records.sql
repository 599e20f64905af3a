{{ carried_on('profile_number') }}

{# Of all that the records say about a person, the value to believe. seeds/survivorship_rules.csv names the
   tables that are asked for an attribute, and how far each is trusted. #}

{# Tables that describe the holder of their key. #}
{% set describing = [
    (
        'stg_shop__customers', 'customer_id', 'created_at',
        ['first_name', 'last_name', 'birth_date', 'city', 'postal_code', 'country', 'email', 'phone'],
    ),
    ('stg_pos__loyalty_members', 'loyalty_card_id', 'joined_at', ['first_name', 'last_name', 'email', 'phone']),
] %}

with

rules as (

    select * from {{ ref('survivorship_rules') }}

),

reachability as (

    select * from {{ ref('int_identity__reachability') }}
    where {{ is_touched('profile_id') }}

),

touched as (

    select
        profile_id,
        identifier_type,
        identifier_value
    from {{ touched_identifiers() }}

),

identifiers as (

    select
        touched.profile_id,
        touched.identifier_type,
        touched.identifier_value,
        coalesce(reachability.is_reachable, true) as is_reachable
    from touched
    left join reachability
        on
            touched.identifier_type = reachability.identifier_type
            and touched.identifier_value = reachability.identifier_value

),

as_of as (

    select as_of_date from {{ ref('int_as_of_date') }}

),

{% for model, key, time, attributes in describing %}
{{ model[4:] }} as (

    select
        records.{{ key }},
        {% for attribute in attributes %}
        records.{{ attribute }},
        {% endfor %}
        {% for name in attributes %}
        case when records.{{ name }} is null then 0 else 1 end{{ ' as filled_count,' if loop.last else ' +' }}
        {% endfor %}
        records.{{ time }} as seen_at
    from {{ ref(model) }} as records
    inner join as_of
        on
            records.{{ time }} is null
            or {{ local_date('records.' ~ time) }} <= as_of.as_of_date
    where {{ names_touched('records', [key, 'email', 'phone']) }}

),

{% endfor %}
{# All other tables mention addresses, the same ones over and over: what identity found together on records,
   with one of them, is enough. What goes on after the as-of date is taken as of when it began. #}
{% for attribute in ['email', 'phone'] %}
naming_{{ attribute }} as (

    select
        records.source_table,
        records.record_key,
        records.{{ attribute }},
        case when records.email is null or records.phone is null then 1 else 2 end as filled_count,
        records.first_seen_at,
        records.last_seen_at
    from {{ ref('int_identity__records') }} as records
    where
        {% if is_carried_on() %}
        records.{{ attribute }}_node in (
            select touched_names.node_id from {{ ref('int_profiles__touched_names') }} as touched_names
            where touched_names.identifier_type = '{{ attribute }}'
        )
        {% else %}
        records.{{ attribute }} is not null
        {% endif %}
        and records.source_table not in (
            {% for model, key, time, attributes in describing %}
            '{{ model[4:] | replace('__', '.') }}'{{ ',' if not loop.last }}
            {% endfor %}
        )

),

mentioned_{{ attribute }} as (

    select
        records.source_table,
        records.record_key,
        records.{{ attribute }},
        records.filled_count,
        case
            when {{ local_date('records.last_seen_at') }} <= as_of.as_of_date then records.last_seen_at
            else records.first_seen_at
        end as seen_at
    from naming_{{ attribute }} as records
    inner join as_of on {{ local_date('records.first_seen_at') }} <= as_of.as_of_date

),

{% endfor %}
{# An address is itself the evidence of whose it is; all else is the holder's of the account or card. #}
statements as (

    {% for model, key, time, attributes in describing %}
    {% for attribute in attributes %}
    {% set owner = attribute if attribute in ('email', 'phone') else key %}
    select
        '{{ model[4:] | replace('__', '.') }}' as source_table,
        {{ key }} as source_record,
        '{{ attribute }}' as attribute,
        cast({{ attribute }} as string) as value,
        '{{ owner }}' as identifier_type,
        {{ owner }} as identifier_value,
        filled_count,
        seen_at
    from {{ model[4:] }}
    where {{ attribute }} is not null
    union all
    {% endfor %}
    {% endfor %}
    {% for attribute in ['email', 'phone'] %}
    select
        source_table,
        record_key as source_record,
        '{{ attribute }}' as attribute,
        {{ attribute }} as value,
        '{{ attribute }}' as identifier_type,
        {{ attribute }} as identifier_value,
        filled_count,
        seen_at
    from mentioned_{{ attribute }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

{# Identifiers that are blocked, shared or erased are nobody's: what hangs on them ends here. #}
owned as (

    select
        identifiers.profile_id,
        statements.source_table,
        statements.source_record,
        statements.attribute,
        statements.value,
        statements.filled_count,
        statements.seen_at,
        rules.trust,
        case when statements.attribute in ('email', 'phone') then identifiers.is_reachable end as is_reachable
    from statements
    inner join rules
        on
            statements.attribute = rules.attribute
            and statements.source_table = rules.source_table
    inner join identifiers
        on
            statements.identifier_type = identifiers.identifier_type
            and statements.identifier_value = identifiers.identifier_value

),

ranked as (

    select
        *,
        row_number() over (
            partition by profile_id, attribute
            order by
                {# An address that bounces yields to any that does not. #}
                case when is_reachable then 0 else 1 end asc,
                trust asc,
                seen_at desc nulls last,
                filled_count desc,
                value asc,
                source_table asc,
                source_record asc nulls last
        ) as value_rank
    from owned

)

select

    ---------- ids
    profile_id,
    {{ number_of('profile_id') }} as profile_number,
    source_record,

    ---------- strings
    attribute,
    value,
    source_table,

    ---------- booleans
    is_reachable,

    ---------- timestamps
    seen_at

from ranked
where value_rank = 1
