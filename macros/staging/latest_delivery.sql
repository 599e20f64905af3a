{# A query: of the usable records that share a key, the one that arrived last. Ties go to the later part
   file, then to the record whose text sorts last, so the pick never depends on the order of rows. #}
{% macro latest_delivery(relation, key) -%}
    select ranked.*
    from (
        select
            counted.*,
            row_number() over (
                partition by {{ key | join(', ') }}
                order by
                    _loaded_at desc nulls last,
                    _file desc nulls last,
                    {#- Only records that came more than once are worth the text. #}
                    case when deliveries > 1 then {{ row_as_json(whole_row('counted')) }} end desc
            ) as delivery_rank
        from (
            select
                usable.*,
                count(*) over (partition by {{ key | join(', ') }}) as deliveries
            from {{ relation }} as usable
            where rejection_reason is null
        ) as counted
    ) as ranked
    where delivery_rank = 1
{%- endmacro %}
