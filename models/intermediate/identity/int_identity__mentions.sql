{# One row per identifier on a record, so that what follows need not know how many types there are. #}
with

records as (

    select
        *,
        row_number() over (
            order by
                {% for identifier in identifier_types() %}
                {{ identifier }} nulls first,
                {% endfor %}
                source_table
        ) as record_id
    from {{ ref('int_identity__records') }}

),

mentions as (

    {%- for identifier in identifier_types() %}
    select
        record_id,
        '{{ identifier }}' as identifier_type,
        {{ identifier }} as identifier_value,
        first_seen_at,
        last_seen_at,
        record_count
    from records
    where {{ identifier }} is not null
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

)

select * from mentions
