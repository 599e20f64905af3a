{# A query: of the usable records that share a key, the one that arrived last. Ties go to the later part
   file, then to the record whose text sorts last, so the pick never depends on the order of rows. Few
   records come twice: only those are ranked. #}
{% macro latest_delivery(relation, key) -%}
    {%- set same_key = [] -%}
    {%- for column in key -%}
        {%- do same_key.append('usable.' ~ column ~ ' is not distinct from repeated.' ~ column) -%}
    {%- endfor -%}
    with

    usable as (

        select * from {{ relation }}
        where rejection_reason is null

    ),

    repeated as (

        select
            {{ key | join(', ') }},
            count(*) as deliveries
        from usable
        group by {{ key | join(', ') }}
        having count(*) > 1

    ),

    ranked as (

        select
            usable.*,
            row_number() over (
                partition by usable.{{ key | join(', usable.') }}
                order by
                    usable._loaded_at desc nulls last,
                    usable._file desc nulls last,
                    {{ row_as_json(whole_row('usable')) }} desc
            ) as delivery_rank
        from usable
        inner join repeated on {{ same_key | join(' and ') }}

    )

    select * from ranked
    where delivery_rank = 1
    union all
    select
        usable.*,
        1 as delivery_rank
    from usable
    left join repeated on {{ same_key | join(' and ') }}
    where repeated.deliveries is null
{%- endmacro %}
